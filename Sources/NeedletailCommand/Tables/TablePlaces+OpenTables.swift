import FoundationEssentials
import Needletail

extension TablePlaces {
  /// Formats whose tables are the rows of all their files.
  private static let plainFormats: Set<String> = [
    "avro", "csv", "json", "orc", "parquet", "text", "xml", "arrow",
  ]

  /// Whether files are read as they are, unlike by a format that knows which of them count.
  ///
  /// - Parameter format: the one that the user named; `nil` if the names of the files tell it.
  private static func isPlain(_ format: String?) -> Bool {
    guard let format else { return true }
    return plainFormats.contains(
      (try? TableFormat(named: format, option: ""))?.name ?? format.lowercased())
  }

  /// Makes sure that the input on this machine, which is read in plain files, is no table of a format with
  /// books of its own: Delta, Iceberg, Hudi.
  ///
  /// - Parameter format: the one that the user named.
  /// - Throws: ``CommandFailure`` if it is one.
  func checkInputIsPlain(_ format: String?) throws {
    guard let file = localInput, let input, Self.isPlain(format) else { return }
    if let table = Self.openTable(at: file) {
      throw CommandFailure(table.named(input, at: file).readingProblem(input, for: .command))
    }
  }

  /// Makes sure that rows are not written among the files of such a table, or in its place.
  ///
  /// - Parameter format: the one that the user named.
  /// - Throws: ``CommandFailure`` if they would be.
  func checkOutputIsPlain(_ format: String?, _ mode: SaveMode) throws {
    guard let file = localOutput, let output, Self.isPlain(format), mode != .ignore,
      !FileSystem.isFile(file), let table = Self.openTable(at: file)
    else { return }
    throw CommandFailure(table.named(output, at: file).writingProblem(output, for: .command))
  }

  /// Looks at what only a server sees.
  ///
  /// - Parameters:
  ///   - reading: the input's format; `nil` if there is none.
  ///   - writing: the output's; `nil` if there is none.
  /// - Throws: ``CommandFailure`` as the checks of what this machine sees.
  func checkArePlain(
    on spark: SparkSession, _ reading: String?, _ writing: String? = nil, _ mode: SaveMode = .error
  ) async throws {
    if localInput == nil, let input, let reading, Self.isPlain(reading),
      let table = try await spark.openTable(at: input)
    {
      throw CommandFailure(table.readingProblem(input, for: .command))
    }
    if localOutput == nil, let output, output != "-", let writing, Self.isPlain(writing),
      mode == .append || mode == .overwrite, let table = try await spark.openTable(at: output)
    {
      throw CommandFailure(table.writingProblem(output, for: .command))
    }
  }

  /// The table that what is at `path` on this machine is or lies in; `nil` also for a single file.
  static func openTable(at path: String) -> OpenTable? {
    let files = FileManager.default
    let isPattern = StoragePath(path).isPattern
    var folders = isPattern ? StoragePath.matches(path) : [path]
    if isPattern {
      folders = folders.map { path in
        files.isFolder(path) ? path : URL(fileURLWithPath: path).deletingLastPathComponent().path
      }
    } else if FileSystem.isFile(path) {
      return nil
    }
    for folder in Set(folders).sorted() {
      let found = OpenTable.containing(folder) {
        (try? files.contentsOfDirectory(atPath: $0)) ?? []
      }
      if let found { return found }
    }
    return nil
  }
}

extension OpenTable {
  /// The same table, called as the user did if it is at the path that the user named.
  func named(_ name: String, at path: String) -> OpenTable {
    location == path ? OpenTable(format, name) : self
  }
}
