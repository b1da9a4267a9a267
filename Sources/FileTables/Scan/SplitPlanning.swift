/// How Spark cuts files into parts and gives these to tasks.
package struct SplitPlanning: Sendable {
  package typealias File = (location: String, length: Int64, modified: Int64)

  private let maxPartitionBytes: Int64
  private let openCostInBytes: Int64
  private let parallelism: Int

  package init(maxPartitionBytes: Int64, openCostInBytes: Int64, parallelism: Int) {
    self.maxPartitionBytes = max(maxPartitionBytes, 1)
    self.openCostInBytes = max(openCostInBytes, 0)
    self.parallelism = max(parallelism, 1)
  }

  /// The most bytes of a part: no more than `maxPartitionBytes`, and fewer if that keeps all readers
  /// busy, but no less than `openCostInBytes`.
  private func size(_ files: [File]) -> Int64 {
    let all = files.reduce(Int64(0)) { $0 + max($1.length, 0) + openCostInBytes }
    return max(1, min(maxPartitionBytes, max(openCostInBytes, all / Int64(parallelism))))
  }

  /// The parts in the order of the files.
  ///
  /// - Parameter isCut: whether the file of this number can be read from its middle on.
  package func splits(_ files: [File], isCut: (Int) -> Bool) -> [FileSplit] {
    let size = size(files)
    return files.enumerated().flatMap { index, file in
      func split(_ start: Int64, _ size: Int64) -> FileSplit {
        FileSplit(
          location: file.location, length: file.length, modified: file.modified, start: start,
          size: size, file: index)
      }
      guard file.length > size, isCut(index) else { return [split(0, max(file.length, 0))] }
      return stride(from: 0, to: file.length, by: Int(size)).map {
        split($0, min(size, file.length - $0))
      }
    }
  }

  /// The parts that each task reads: the largest first, small ones together.
  package func tasks(_ files: [File], isCut: (Int) -> Bool) -> [[FileSplit]] {
    let size = size(files)
    let splits = splits(files, isCut: isCut).enumerated().sorted {
      $0.element.size != $1.element.size
        ? $0.element.size > $1.element.size : $0.offset < $1.offset
    }
    var tasks: [[FileSplit]] = []
    var current: [FileSplit] = []
    var bytes: Int64 = 0
    for (_, split) in splits {
      if !current.isEmpty, bytes + split.size > size {
        tasks.append(current)
        current = []
        bytes = 0
      }
      bytes += split.size + openCostInBytes
      current.append(split)
    }
    if !current.isEmpty { tasks.append(current) }
    return tasks
  }
}
