import FoundationEssentials
import Glibc
import SparkConnect

/// How much lies at paths of this machine, as far as it matters: it spares small tables all questions.
enum LocalSize {
  /// Whether all that is there are less than `limit` bytes; `false` too where nothing can be seen from
  /// here.
  static func isBelow(_ limit: Int64, _ paths: [String]) -> Bool {
    var bytes: Int64 = 0
    for text in paths {
      let path = StoragePath(text)
      guard let local = path.localPath else { return false }
      let found = path.isPattern ? StoragePath.matches(local) : [local]
      if found.isEmpty { return false }
      for path in found {
        guard add(path, to: &bytes, limit) else { return false }
      }
    }
    return bytes < limit
  }

  /// - Returns: `false` if there is nothing, or the limit is reached.
  private static func add(_ path: String, to bytes: inout Int64, _ limit: Int64) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return false }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      bytes += Int64(status.st_size)
      return bytes < limit
    }
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      return false
    }
    return entries.allSatisfy { add("\(path)/\($0)", to: &bytes, limit) }
  }
}
