import ArrowIPC
import Foundation
import SparkConnect
import Testing

@testable import FileTables
@testable import LocalEngine

/// How often files are opened: needs the plug-in for files.
@Suite("Footers of a table's files", .enabled(if: FileLibrary.isAvailable), .timeLimit(.minutes(1)))
struct FooterTests {
  /// Files of four rows.
  private func inFolder(files: Int, _ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "needletail-footers-\(UUID().uuidString)"
    ).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for file in 0..<files { try await write(4, "\(folder)/\(file).parquet") }
    try await body(folder)
  }

  private func write(_ rows: Int, _ path: String) async throws {
    let numbers = (0..<rows).map { Int64($0) }
    try await LocalTable([("a", .numbers(numbers)), ("b", .numbers(numbers))])
      .write.mode(.overwrite).parquet(path)
  }

  /// How many footers of the table's files were read.
  private func opened(_ table: LocalTable) throws -> Int {
    try #require(table.input as? FilesInput).scan.files[0].store.openedTables
  }

  @Test("counting, running and sampling a table read each footer once")
  func once() async throws {
    try await inFolder(files: 3) { folder in
      let table = try LocalTable.read.parquet(folder)
      #expect(try opened(table) == 1)
      #expect(try await table.count() == 12)
      #expect(try opened(table) == 3)
      for threads in [1, 3] {
        let rows = try await table.select("b").running(threads: threads).rows()
        let numbers: [ArrowValue] = (0..<12).map { .int(Int64($0 % 4)) }
        #expect(rows.map { $0.values[0] } == numbers)
      }
      #expect(try await table.sample(rows: 5).rows().count == 5)
      #expect(try opened(table) == 3)
    }
  }

  @Test("a table of which a file has changed is neither counted nor read")
  func changed() async throws {
    try await inFolder(files: 2) { folder in
      let table = try LocalTable.read.parquet(folder)
      try await write(7, folder + "/0.parquet")
      for said in [
        await message { _ = try await table.count() },
        await message { _ = try await table.rows() },
      ] {
        #expect(said.contains("FILE_CHANGED") && said.contains("0.parquet"), "\(said)")
      }
    }
  }
}
