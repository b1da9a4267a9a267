import ArrowIPC
import Foundation
import Testing

/// Writes what `scripts/checks/arrow_interop.py` compares with pyarrow; the script names the folder.
struct InteropTests {
  private static let folder = ProcessInfo.processInfo.environment["NEEDLETAIL_INTEROP_FOLDER"]

  @Test(
    "every golden is written anew",
    .enabled(
      if: folder != nil,
      "NEEDLETAIL_INTEROP_FOLDER is not set; run scripts/checks/arrow_interop.py to compare with pyarrow"
    ))
  func write() throws {
    let folder = URL(fileURLWithPath: try #require(Self.folder))
    var lines: [String] = []
    for path in GoldenTests.accepted.map({ $0 + ".stream" }) + GoldenTests.sparkNames {
      let (schema, batches) = try Goldens.read(path)
      let sliced = batches.map { $0.slice(min(1, $0.rowCount)..<$0.rowCount) }
      let built = try batches.map { batch in
        try RecordBatch(
          schema: schema,
          columns: batch.columns.map { try ArrowColumn($0.values, type: $0.type) },
          rowCount: batch.rowCount)
      }
      // Built dictionaries may differ in one batch, where the columns shared one.
      let builtStream = try? ArrowStreamWriter.bytes(built, schema: schema)
      let forms: [(String, [UInt8]?)] = [
        ("stream", try ArrowStreamWriter.bytes(batches, schema: schema)),
        ("lz4", try ArrowStreamWriter.bytes(batches, schema: schema, compression: .lz4Frame)),
        ("zstd", try ArrowStreamWriter.bytes(batches, schema: schema, compression: .zstd)),
        ("sliced", try ArrowStreamWriter.bytes(sliced, schema: schema)),
        ("built", builtStream),
        ("file", try RoundTripTests.file(batches, schema)),
        ("zstdfile", try RoundTripTests.file(batches, schema, .zstd)),
      ]
      for (form, bytes) in forms {
        guard let bytes else { continue }
        let name = "\(lines.count).\(form)"
        try Data(bytes).write(to: folder.appendingPathComponent(name))
        lines.append("\(name)\t\(path)")
      }
    }
    try Data(lines.joined(separator: "\n").utf8).write(
      to: folder.appendingPathComponent("pairs.tsv"))
  }
}
