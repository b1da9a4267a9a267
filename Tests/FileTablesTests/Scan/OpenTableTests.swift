import ArrowIPC
import SparkTypes
import Testing

@testable import FileTables

/// Folders that are tables of Delta, Iceberg and Hudi, and those that only look a little like it.
@Suite(.needsFilePlugin) struct OpenTableTests {
  fileprivate static let delta = "_delta_log/00000000000000000000.json"
  fileprivate static let iceberg = "metadata/00001-8a2e115c.metadata.json"
  fileprivate static let hudi = ".hoodie/hoodie.properties"

  /// A folder with files of one row at `data`, and empty ones at `books`.
  private func folder(_ data: [String], _ books: [String]) throws -> FilesFolder {
    let folder = try FilesFolder()
    for (number, name) in data.enumerated() { try folder.writeNumbers([Int32(number)], name) }
    for name in books { try folder.write("{}", name) }
    return folder
  }

  struct Refused {
    var data: [String]
    var books: [String]
    /// What is read; `t` is the table.
    var path: String
    var says: String
    var options: [String: String] = [:]
  }

  fileprivate static let refused: [Refused] = [
    Refused(data: ["t/a.parquet"], books: [delta], path: "t", says: "is a Delta table"),
    Refused(data: ["t/a.parquet"], books: [delta], path: "t/", says: "is a Delta table"),
    Refused(data: ["t/a.parquet"], books: [delta], path: "t/*.parquet", says: "belongs to"),
    Refused(data: ["t/d=1/a.parquet"], books: [delta], path: "t", says: "is a Delta table"),
    Refused(data: ["t/d=1/e=2/a.parquet"], books: [delta], path: "t/d=1/e=2", says: "belongs to"),
    Refused(data: ["t/d=1/a.parquet"], books: [delta], path: "t/d=*", says: "belongs to"),
    Refused(data: ["t/data/a.parquet"], books: [iceberg], path: "t", says: "is an Iceberg table"),
    Refused(data: ["t/data/a.parquet"], books: [iceberg], path: "t/data", says: "belongs to"),
    Refused(
      data: ["t/data/d=1/a.parquet"], books: [iceberg], path: "t/data/d=1", says: "belongs to"),
    Refused(
      data: ["t/data/a.parquet"], books: ["metadata/v3.gz.metadata.json"], path: "t",
      says: "is an Iceberg table"),
    Refused(data: ["t/a.parquet"], books: [hudi], path: "t", says: "is a Hudi table"),
    Refused(
      data: ["t/2026/a.parquet"], books: [hudi, "2026/.hoodie_partition_metadata"],
      path: "t/2026", says: "is a Hudi table"),
    Refused(
      data: ["t/a.parquet", "u.parquet"], books: [delta], path: "", says: "is a Delta table",
      options: ["recursiveFileLookup": "true"]),
  ]

  @Test(arguments: refused)
  func isNotReadAsPlainFiles(_ given: Refused) throws {
    let folder = try folder(given.data, given.books.map { "t/\($0)" })
    let error = #expect(throws: FileTableError.self) {
      try folder.scan(given.path, options: given.options)
    }
    #expect(error?.code == .tableFormat)
    let message = error?.message ?? ""
    #expect(message.contains(given.says), "\(message)")
    #expect(message.contains("'\(folder.file("t"))"), "\(message)")
    #expect(message.contains("--input-format"), "\(message)")
  }

  @Test("a file of a table's books tells the format by its folder, wherever the table lies")
  func books() {
    let formats = [Self.delta, Self.iceberg, Self.hudi].map { file in
      OpenTableFormat.allCases.filter { $0.hasBook("/x/metadata/_delta_log/.hoodie/t/\(file)") }
    }
    #expect(formats == [[.delta], [.iceberg], [.hudi]])
  }

  struct Plain {
    var data: [String]
    var books: [String] = []
    var path = "t"
    var rows = 1
  }

  fileprivate static let plain: [Plain] = [
    // A file that is named itself is the user's choice.
    Plain(data: ["t/a.parquet"], books: [delta], path: "t/a.parquet"),
    Plain(data: ["t/data/a.parquet"], books: [iceberg], path: "t/data/a.parquet"),
    // The same names without what makes them books.
    Plain(data: ["t/a.parquet"]),
    Plain(data: ["t/data/a.parquet"], path: "t/data"),
    Plain(data: ["t/metadata/a.parquet"], path: "t/metadata"),
    Plain(data: ["t/a.parquet"], books: ["metadata/some.metadata.json"]),
    Plain(data: ["t/metadata=1/a.parquet", "t/metadata=2/a.parquet"], rows: 2),
    Plain(data: ["t/data=1/a.parquet", "t/data=2/a.parquet"], rows: 2),
    Plain(data: ["t/a.parquet"], books: ["_delta_logs/0.json", "_delta_log.json"]),
    // What lies beside the table, or is not read.
    Plain(data: ["u/a.parquet", "t/a.parquet"], books: [delta], path: "u"),
    Plain(data: ["t/a.parquet", "t/in/b.parquet"], books: ["in/\(delta)"]),
  ]

  @Test(arguments: plain)
  func plainFilesAreRead(_ given: Plain) throws {
    let folder = try folder(given.data, given.books.map { "t/\($0)" })
    #expect(try folder.scan(given.path).lines().count == given.rows)
  }

  @Test("other formats than Parquet are read from such a folder, such as its books themselves")
  func readsBooks() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1], "t/a.parquet")
    try folder.write("{\"v\":1}", "t/\(Self.delta)")
    #expect(try folder.scan("t/_delta_log").lines() == ["{\"v\":1}"])
    let files = try FileScan([folder.file("t")], format: .binary, options: [:], schema: nil)
    #expect(files.fileCount == 1)
  }

  struct Written {
    var path: String
    var mode: FileSaveMode
    var isRefused: Bool
  }

  fileprivate static let written: [Written] = [
    Written(path: "t", mode: .append, isRefused: true),
    Written(path: "t", mode: .overwrite, isRefused: true),
    Written(path: "t/d=1", mode: .append, isRefused: true),
    Written(path: "t/d=2", mode: .error, isRefused: true),
    Written(path: "t/d=1/a.parquet", mode: .overwrite, isRefused: true),
    Written(path: "t", mode: .ignore, isRefused: false),
    Written(path: "t/more", mode: .error, isRefused: false),
    Written(path: "u", mode: .append, isRefused: false),
    Written(path: "u", mode: .overwrite, isRefused: false),
  ]

  @Test(arguments: written)
  func plainFilesAreNotWrittenToIt(_ given: Written) throws {
    let folder = try folder(["t/d=1/a.parquet", "u/a.parquet"], ["t/\(Self.delta)"])
    func open() throws {
      _ = try FileSink(
        folder.file(given.path), format: nil, options: [:], mode: given.mode,
        schema: ["v": .integer])
    }
    guard given.isRefused else { return try open() }
    let error = #expect(throws: FileTableError.self) { try open() }
    #expect(error?.code == .tableFormat)
    #expect(error?.message.contains("--output-format delta") == true)
  }
}
