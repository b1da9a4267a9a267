import FileTables
import Foundation
import ModelKinds
import Models
import SparkConnect
import SparkFunctions
import SparkTypes
import Testing

@testable import LocalEngine

/// Text files that the threads of a run read in parts.
@Suite(.enabled(if: FileLibrary.isAvailable), .timeLimit(.minutes(2)))
struct TextFileTests {
  private static let rows = 2000
  /// A row without a value.
  private static let gap = 1234

  private static func text(_ format: String) -> String {
    let lines = (0..<rows).map { row in
      format == "csv"
        ? "\(row),\(row == gap ? "" : "\(row)")"
        : "{\"id\":\(row)\(row == gap ? "" : ",\"v\":\(row)")}"
    }
    return ((format == "csv" ? ["id,v"] : []) + lines).joined(separator: "\n")
  }

  private func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "needletail-local-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
  }

  /// The table at `path` in splits of `size` bytes, or all in one.
  private static func table(_ path: String, size: Int?, threads: Int = 4) throws -> LocalTable {
    var reader = try LocalTable.read.option("header", true).schema("id int, v float")
    if let size {
      reader = reader.option("maxPartitionBytes", size).option("openCostInBytes", 1)
    }
    return try reader.load(path).running(threads: threads)
  }

  @Test(
    "the rows of a file are the same, and in the same order, however it is cut",
    arguments: ["csv", "json"], [61, 1000, 4096])
  func cut(_ format: String, _ size: Int) async throws {
    try await inFolder { folder in
      let path = "\(folder)/t.\(format)"
      try Self.text(format).write(toFile: path, atomically: true, encoding: .utf8)
      let whole = try await Self.table(path, size: nil).rows()
      #expect(whole.count == Self.rows)
      let table = try Self.table(path, size: size)
      #expect(try await table.rows() == whole)
      #expect(try await table.count() == Self.rows)
      #expect(try await table.limit(70).rows() == Array(whole.prefix(70)))
      #expect(try await table.sample(rows: 3).rows() == Array(whole.prefix(3)))
      // One file, whose rows are in order.
      let out = "\(folder)/out.parquet"
      let told = Log<LocalProgress>()
      let summary = try await table.running(threads: 4, onProgress: { told.append($0) })
        .write.parquet(out)
      #expect(summary.rows == Self.rows)
      #expect(try await LocalTable.read.parquet(out).rows() == whole)
      // The splits tell how far it is, nobody knows the number of rows.
      #expect(!told.entries.isEmpty)
      for progress in told.entries {
        #expect(progress.totalRows == nil)
        #expect(progress.share.map { (0...1).contains($0) } == true)
      }
    }
  }

  @Test("messages tell where a row is", arguments: ["csv", "json"], [nil, 4096] as [Int?])
  func places(_ format: String, _ size: Int?) async throws {
    try await inFolder { folder in
      let path = "\(folder)/t.\(format)"
      let text = Self.text(format)
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let table = try await Self.table(path, size: size).predicting(
        .onnx("stub.onnx"), loaded: StubModel.doubling(),
        PredictionRequest(inputs: ["x": "v"], outputs: ["y": "p"], batchSize: 8, errors: .null)
      ).running(threads: 4)
      let summary = try await table.run(into: CountingSink())
      #expect(summary.rows == Self.rows && summary.failures.count == 1)
      let example = try #require(summary.failures.groups.first?.example)
      guard size != nil else {
        #expect(example.hasPrefix("row \(Self.gap) of the file (file \(path)): "), "\(example)")
        return
      }
      let place = /^row (\d+) of a part of the file \(file .*, rows counted from its byte (\d+)\):/
      let found = try #require(try place.firstMatch(in: example), "\(example)")
      let row = try #require(Int(found.1))
      let byte = try #require(Int(found.2))
      let rest = String(decoding: Array(text.utf8)[byte...], as: UTF8.self)
      let line = rest.split(separator: "\n", omittingEmptySubsequences: false)[row]
      #expect(line == (format == "csv" ? "\(Self.gap)," : "{\"id\":\(Self.gap)}"))
      let failing = try await Self.table(path, size: size).predicting(
        .onnx("stub.onnx"), loaded: StubModel.doubling(),
        PredictionRequest(inputs: ["x": "v"], outputs: ["y": "p"], batchSize: 8))
      let said = await message { _ = try await failing.run(into: CountingSink()) }
      #expect(said.contains("(file \(path), rows counted from its byte \(byte))"), "\(said)")
      #expect(said.contains("row \(row)"), "\(said)")
    }
  }
}
