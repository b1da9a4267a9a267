import ArrowIPC
import Foundation
import Testing

/// Damaged input gives an error or valid batches: no trap, no hang, no giant allocation.
struct MalformedTests {
  struct Verdict: Sendable, CustomTestStringConvertible {
    let file: String
    let isAccepted: Bool
    let rows: Int
    let message: String
    var testDescription: String { file }
  }

  static let verdicts: [Verdict] =
    ((try? Goldens.json("arrow-malformed/verdicts.json"))?["files"].array ?? []).map {
      Verdict(
        file: $0["file"].string, isAccepted: $0["outcome"].string == "accept",
        rows: Int($0["rows"].int), message: $0["message"].string)
    }

  /// Damage that lies in single values, or in metadata that this reader does not look at.
  private static let harmless = [
    "Invalid UTF8", "Invalid flatbuffers message", "Verification of flatbuffer", "too long by",
    "no nulls", "does not fit in precision", "does not represent", "8-byte aligned",
  ]

  /// Files that pyarrow takes, because no value lies where the damage is, and this reader refuses.
  private static let stricter = [
    "fuzz-5718685113384960",  // a timestamp unit that does not exist, no batches
    "strings_nulls-flip-21",  // offsets beyond the bytes
  ]

  @Test("all damaged files are there")
  func present() { #expect(Self.verdicts.count > 280) }

  @Test("damaged files", arguments: MalformedTests.verdicts)
  func damaged(verdict: Verdict) throws {
    let bytes = try Goldens.bytes("arrow-malformed/" + verdict.file)
    let outcome = Result {
      try Self.readEverything(bytes, isFile: verdict.file.contains("ipc-file"))
    }
    switch outcome {
    case .success(let rows):
      if verdict.isAccepted {
        #expect(rows == verdict.rows)
      } else {
        #expect(
          Self.harmless.contains { verdict.message.contains($0) },
          "accepted \(rows) rows, pyarrow says: \(verdict.message)")
      }
    case .failure(let error):
      let error = try #require(error as? ArrowError, "\(error)")
      #expect(!error.description.isEmpty)
      if verdict.isAccepted, !Self.stricter.contains(where: { verdict.file.contains($0) }) {
        #expect(error.code == .unsupported, "refused: \(error)")
      }
    }
  }

  /// Reads all batches and looks at all values; returns the number of rows.
  static func readEverything(_ bytes: [UInt8], isFile: Bool) throws -> Int {
    var rows = 0
    func look(_ batch: RecordBatch) {
      rows += batch.rowCount
      for column in batch.columns {
        for row in 0..<min(column.count, 100_000) { _ = column.value(at: row) }
      }
    }
    if isFile {
      let reader = try ArrowFileReader(ArrowBuffer(copying: bytes))
      for index in 0..<reader.batchCount { look(try reader.batch(index)) }
    } else {
      let reader = try ArrowStreamReader(PieceSource(bytes, size: 4096))
      while let batch = try reader.next() { look(batch) }
    }
    return rows
  }

  @Test("a stream cut anywhere is refused or ends between messages")
  func cuts() throws {
    let bytes = try Goldens.bytes("arrow/spark-shaped/all_spark_types.stream")
    for count in 0..<bytes.count {
      do {
        let rows = try Self.readEverything(Array(bytes[..<count]), isFile: false)
        #expect(rows == 0 || rows == 4)
      } catch {
        #expect(error is ArrowError)
      }
    }
  }

  @Test(
    "no flipped byte makes the reader trap",
    arguments: [
      "all_spark_types", "sliced_with_offset", "strings_nulls", "compressed_lz4_strings",
      "struct_floats_nulls", "fixed_size_list",
    ])
  func flips(name: String) throws {
    let bytes = try Goldens.bytes("arrow/spark-shaped/\(name).stream")
    for position in bytes.indices {
      for value: UInt8 in [0xFF, bytes[position] &+ 4] {
        var damaged = bytes
        damaged[position] = value
        do { _ = try Self.readEverything(damaged, isFile: false) } catch {
          #expect(error is ArrowError)
        }
      }
    }
  }
}

/// What fuzzing has found is not found again.
struct FuzzSeedTests {
  @Test func seedsGiveAnErrorOrBatches() throws {
    let seeds = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fuzz/Seeds/ArrowStream")
    let files = try FileManager.default.contentsOfDirectory(
      at: seeds, includingPropertiesForKeys: nil)
    #expect(files.count > 10)
    for file in files {
      let bytes = [UInt8](try Data(contentsOf: file))
      do {
        let reader = try ArrowStreamReader(bytes)
        while let batch = try reader.next() { #expect(batch.rowCount >= 0) }
      } catch let error as ArrowError {
        #expect(!error.message.isEmpty, "\(file.lastPathComponent)")
      }
    }
    let bytes = [UInt8](try Data(contentsOf: seeds.appending(path: "metadata-version-32768")))
    let error = #expect(throws: ArrowError.self) { _ = try ArrowStreamReader(bytes) }
    #expect(error?.message.contains("metadata version 32768") == true)
  }
}
