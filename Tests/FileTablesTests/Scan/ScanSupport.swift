import ArrowIPC
import Foundation
import SparkTypes
import Testing

@testable import FileTables

extension FilesFolder {
  /// Writes text to a file, with the folders above it.
  func write(_ text: String, _ name: String) throws {
    try write(Array(text.utf8), name)
  }

  func write(_ bytes: [UInt8], _ name: String) throws {
    let folder = URL(fileURLWithPath: file(name)).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
  }

  /// Writes a Parquet file of one column of 32-bit integers.
  func writeNumbers(_ numbers: [Int32?], _ name: String, column: String = "v") throws {
    let folder = URL(fileURLWithPath: file(name)).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write([RecordBatch([(column, ArrowColumn.numbers(numbers))])], name)
  }

  func scan(
    _ name: String, _ format: FileFormat? = nil, options: [String: String] = [:],
    schema: String? = nil
  ) throws -> FileScan {
    var options = options
    options["timeZone"] = options["timeZone"] ?? "Europe/Berlin"
    return try FileScan(
      [file(name)], format: format, options: options,
      schema: schema.map { try StructType(ddl: $0) })
  }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: file(name))), as: UTF8.self)
  }

  func names(in folder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file(folder)).sorted()
  }
}

extension FileScan {
  /// All rows, as JSON with nulls.
  func lines(batchRows: Int = 2, parallelism: Int = 2) throws -> [String] {
    let json = SparkJSON(zone: settings.zone, ignoresNulls: false)
    var lines: [String] = []
    for split in splits(parallelism: parallelism) {
      let batches = try batches(of: split, batchRows: batchRows)
      while let batch = try batches.next() {
        #expect(batch.schema == arrowSchema)
        #expect(batch.rowCount <= batchRows)
        for row in 0..<batch.rowCount {
          var text: [UInt8] = []
          json.object(batch.schema.fields, batch.columns, row, to: &text)
          lines.append(String(decoding: text, as: UTF8.self))
        }
      }
    }
    return lines
  }
}

/// The code of the error that `body` throws; `nil` if it throws none.
func code(_ body: () throws -> Void) -> FileTableError.Code? {
  do {
    try body()
    return nil
  } catch {
    return (error as? FileTableError)?.code
  }
}
