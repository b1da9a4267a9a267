import ArrowIPC
import Foundation
import Testing

@testable import FileTables

/// Whatever a file holds, reading it ends with its rows or an error that names it.
@Suite("Damaged files", .needsFilePlugin)
struct DamagedFileTests {
  private static let tables: [(String, FileFormat)] = [
    ("int96.parquet", .parquet), ("noted.parquet", .parquet), ("encodings.parquet", .parquet),
    ("lists-codes.parquet", .parquet), ("lists-second.parquet", .parquet),
    ("views.arrow", .arrow), ("views.arrows", .arrow), ("compressed.arrow", .arrow),
    ("compressed.arrows", .arrow),
  ]

  private func bytes(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return Array(try Data(contentsOf: folder.appending(path: "Tables/\(name)")))
  }

  /// Reads a file of `bytes`.
  ///
  /// - Returns: its rows, or `nil` for an error that is as it should be.
  private func rows(_ bytes: [UInt8], _ format: FileFormat, _ folder: FilesFolder) throws -> Int? {
    let path = folder.file("damaged")
    try folder.store.write(bytes, to: path)
    do {
      let file = try TableFile(folder.store, path, format)
      return try file.batches(batchRows: 100).all().map(\.rowCount).reduce(0, +)
    } catch let error as FileTableError {
      let isRight =
        [.malformed, .unsupported].contains(error.code) && error.path == path
        && !error.message.isEmpty
      #expect(isRight, "\(error)")
      return nil
    }
  }

  @Test(arguments: tables)
  func cutOff(name: String, format: FileFormat) throws {
    let folder = try FilesFolder()
    let whole = try bytes(name)
    #expect(try rows(whole, format, folder) != nil)
    var lengths = Array(stride(from: 0, to: whole.count, by: max(whole.count / 60, 1)))
    lengths += (1...12).map { whole.count - $0 }
    for length in lengths {
      let left = try rows(Array(whole[..<length]), format, folder)
      #expect(left == nil, "\(length) bytes of \(name)")
    }
  }

  /// A mapped file whose end goes away ends an unprepared process by SIGBUS.
  @Test(arguments: [FileFormat.parquet, .arrow], [0, 5000, 400_000])
  func cutOffWhileRead(format: FileFormat, length: Int) throws {
    let folder = try FilesFolder()
    let rows = 100_000
    let batch = try RecordBatch([("n", .numbers((0..<rows).map { Int64($0) &* 0x9E37_79B9_7F4A }))])
    var writing = TableWriting()
    writing.rowGroupRows = 20_000
    let parts = stride(from: 0, to: rows, by: 20_000).map { batch.slice($0..<$0 + 20_000) }
    try folder.write(parts, "x", format, options: writing)
    let file = try folder.open("x", format)
    let batches = try file.batches(batchRows: 1000)
    var read = 0
    let error = failure {
      while let next = try batches.next() {
        #expect(
          next.columns[0].values == batch.columns[0].slice(read..<read + next.rowCount).values)
        read += next.rowCount
        if read == 2000 { #expect(truncate(file.location, length) == 0) }
      }
    }
    #expect(
      error?.code == .malformed && error?.path == file.location, "\(String(describing: error))")
    #expect(read < rows)
    #expect(error?.message.contains("was cut short") == true)
  }

  @Test(arguments: tables)
  func changedBytes(name: String, format: FileFormat) throws {
    let folder = try FilesFolder()
    let whole = try bytes(name)
    var random = RepeatedRandom(seed: 1)
    for _ in 0..<200 {
      var damaged = whole
      for _ in 0...random.next(below: 4) {
        damaged[random.next(below: damaged.count)] = UInt8(random.next(below: 256))
      }
      _ = try rows(damaged, format, folder)
    }
  }

  @Test(arguments: ["json", "csv", "csv.gz", "json.zst"])
  func changedText(ending: String) throws {
    let folder = try FilesFolder()
    let isJSON = ending.hasPrefix("json")
    let lines = (0..<40).map { row in
      isJSON
        ? "{\"a\":\(row),\"b\":\"grün \\u00e4\",\"c\":[\(row),null],\"d\":{\"e\":0.5}}"
        : "\(row),\"grün, \"\"\(row)\"\"\",2020-01-0\(row % 9 + 1),0.5"
    }
    let plain = Array(lines.joined(separator: "\n").utf8)
    let compressions = ["gz": "gzip", "zst": "zstd"]
    let writer = try FileBytesWriter(
      folder.store, folder.file("whole.\(ending)"),
      compression: ending.split(separator: ".").last.flatMap { compressions[String($0)] })
    try writer.write(plain)
    _ = try writer.close()
    let whole = try folder.store.read(folder.file("whole.\(ending)"))
    var random = RepeatedRandom(seed: 2)
    for _ in 0..<150 {
      var damaged = whole
      for _ in 0...random.next(below: 4) {
        damaged[random.next(below: damaged.count)] = UInt8(random.next(below: 256))
      }
      if random.next(below: 4) == 0 { damaged.removeLast(random.next(below: damaged.count)) }
      try folder.write(damaged, "damaged.\(ending)")
      do {
        _ = try folder.scan("damaged.\(ending)", options: ["inferSchema": "true"])
          .lines(batchRows: 16)
      } catch let error as FileTableError {
        let isRight =
          [.malformed, .unsupported, .schema, .invalidOption, .io].contains(error.code)
          && "\(error)".contains("damaged.\(ending)")
        #expect(isRight, "\(error)")
      }
    }
  }

  @Test func otherFiles() throws {
    let folder = try FilesFolder()
    for (bytes, format) in [
      (Array("a,b\n1,2\n".utf8), FileFormat.parquet), (Array("a,b\n1,2\n".utf8), .arrow),
      ([], .parquet), ([], .arrow), (Array("PAR1PAR1".utf8), .parquet),
      (Array("ARROW1".utf8), .arrow), (try self.bytes("views.arrow"), .parquet),
      (try self.bytes("noted.parquet"), .arrow),
    ] {
      #expect(try rows(bytes, format, folder) == nil)
    }
    let path = folder.path
    #expect(failure { _ = try TableFile(folder.store, path, .parquet) }?.path == path)
  }
}

/// Random numbers that are the same each time.
private struct RepeatedRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
}
