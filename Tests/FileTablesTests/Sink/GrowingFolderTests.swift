import ArrowIPC
import Foundation
import SparkTypes
import Testing

@testable import FileTables

/// Folders whose parts count one by one.
@Suite(.needsFilePlugin) struct GrowingFolderTests {
  private static let schema: StructType = ["id": .long, "error": .string]

  private func folder(
    _ files: FilesFolder, _ name: String = "out", _ format: FileFormat? = nil
  ) throws -> GrowingFolder {
    try GrowingFolder(files.file(name), format: format, options: [:], schema: Self.schema)
  }

  /// A part with these rows, negative numbers those of rows with an error.
  private func write(_ ids: [Int64], _ folder: GrowingFolder) throws -> FilePart {
    let part = try folder.part()
    try part.write(
      try RecordBatch([
        ("id", ArrowColumn.numbers(ids.map { Optional(abs($0)) })),
        ("error", .strings(ids.map { $0 < 0 ? "bad" : nil })),
      ]))
    return part
  }

  private func ids(_ files: FilesFolder) throws -> [String] {
    try files.scan("out").selecting(["id"]).lines().sorted()
  }

  @Test func keepsWhatIsWhole() throws {
    let files = try FilesFolder()
    do {
      let folder = try folder(files)
      #expect(try !folder.hasParts)
      #expect(try folder.note() == nil)
      #expect(try folder.scan(["id"]) == nil)
      #expect(!files.exists("out"))
      try folder.open()
      try folder.begin(Array("{}".utf8), deleting: false)
      try folder.publish(write([1, 2], folder))
      // A part that was not ended: the process is gone.
      _ = try write([3], folder)
      #expect(try files.names(in: "out").count == 3)
    }
    let next = try folder(files)
    #expect(try next.note() == Array("{}".utf8))
    try next.open()
    #expect(try files.names(in: "out").filter { $0.hasPrefix("_temporary") }.isEmpty)
    #expect(try ids(files) == [#"{"id":1}"#, #"{"id":2}"#])
    try next.publish(write([3], next))
    try next.complete()
    #expect(try ids(files).count == 3)
    let names = try files.names(in: "out")
    #expect(names.filter { !$0.hasPrefix("part-") } == ["_SUCCESS", "_needletail"], "\(names)")
    try next.open()
    try next.reopen()
    #expect(!files.exists("out/_SUCCESS"))
    try next.begin(Array("{1}".utf8), deleting: true)
    #expect(try files.names(in: "out") == ["_needletail"])
    #expect(try next.note() == Array("{1}".utf8))
    // A table without rows tells its columns.
    try next.complete()
    #expect(try files.scan("out").schema.names == ["id", "error"])
  }

  @Test(arguments: [FileFormat.parquet, .json, .arrow])
  func takesRowsOut(_ format: FileFormat) throws {
    let files = try FilesFolder()
    let folder = try folder(files, "out", format)
    try folder.open()
    for ids in [[1, 2], [-3, 4, -5, 6], [-7]] as [[Int64]] {
      try folder.publish(write(ids, folder))
    }
    let before = try files.names(in: "out")
    #expect(try folder.removeRows(with: "error") == 3)
    let after = try files.names(in: "out")
    // The part of such rows alone is gone, the others have their names.
    #expect(
      after.filter { $0.hasPrefix("part-") }
        == before.filter { $0.hasPrefix("part-") && !$0.hasPrefix("part-00002") })
    let left = try files.scan("out", format, schema: "id bigint").lines().sorted()
    #expect(left == [1, 2, 4, 6].map { "{\"id\":\($0)}" })
    #expect(try folder.removeRows(with: "error") == 0)
  }

  @Test func isWrittenByOneProcess() throws {
    let files = try FilesFolder()
    let first = try folder(files)
    try first.open()
    #expect(code { try folder(files).open() } == .exists)
    first.clean()
    try folder(files).open()
  }

  @Test func refusesWhatCannotGrow() throws {
    let files = try FilesFolder()
    #expect(code { _ = try folder(files, "out.parquet") } == .invalidOption)
    #expect(code { _ = try folder(files, "out", .csv) } == .invalidOption)
    try files.write("", "file")
    #expect(code { _ = try folder(files, "file") } == .exists)
    let open = try folder(files)
    try open.open()
    for name in ["a", "b"] { try files.write("{}", "out/_needletail/\(name).json") }
    #expect(code { _ = try open.note() } == .malformed)
  }
}
