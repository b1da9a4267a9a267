import ArrowIPC
import Foundation
import Tensors
import Testing

@testable import FileTables

@Suite("Parquet files", .needsFilePlugin)
struct ParquetFileTests {
  /// Every value of a column that Parquet and Spark have, with nulls.
  private static func batch(_ rows: Range<Int>) throws -> RecordBatch {
    func column(_ type: ArrowType, _ value: (Int) -> ArrowValue) throws -> ArrowColumn {
      try ArrowColumn(rows.map { $0 % 7 == 3 ? .null : value($0) }, type: type)
    }
    let pair = [ArrowField("x", .int32), ArrowField("y", .utf8)]
    let entries = ArrowField(
      "key_value",
      .structure([ArrowField("key", .utf8, isNullable: false), ArrowField("value", .int64)]),
      isNullable: false)
    return try RecordBatch([
      ("bool", column(.bool) { .bool($0 % 2 == 0) }),
      ("byte", column(.int8) { .int(Int64($0 % 100)) }),
      ("short", column(.int16) { .int(-Int64($0)) }),
      ("int", column(.int32) { .int(Int64($0)) }),
      ("long", column(.int64) { .int(Int64($0) << 33) }),
      ("float", column(.float32) { .float(Double($0) / 4) }),
      ("double", column(.float64) { .float(-Double($0) / 8) }),
      ("string", column(.utf8) { .string("text \($0 % 20) é") }),
      ("binary", column(.binary) { .binary([UInt8($0 % 256)]) }),
      ("date", column(.date32) { .int(Int64($0) - 200_000) }),
      (
        "instant",
        column(.timestamp(.microsecond, timeZone: "UTC")) { .int(Int64($0) * 1_000_003) }
      ),
      ("local", column(.timestamp(.microsecond, timeZone: nil)) { .int(-Int64($0)) }),
      (
        "decimal",
        column(.decimal(bitWidth: 128, precision: 20, scale: 2)) {
          .decimal(ArrowDecimal(bytes: bytes(of: Int64($0) - 50), scale: 2))
        }
      ),
      (
        "list",
        column(.list(ArrowField("element", .float32))) { row in
          .list((0..<row % 4).map { .float(Double($0)) })
        }
      ),
      (
        "struct",
        column(.structure(pair)) { .structure([.int(Int64($0)), .string("\($0)")]) }
      ),
      (
        "structs",
        column(.list(ArrowField("element", .structure(pair)))) { row in
          .list((0..<row % 3).map { .structure([.int(Int64($0)), .null]) })
        }
      ),
      (
        "map",
        column(.map(entries: entries, keysSorted: false)) {
          .map([(key: .string("k"), value: .int(Int64($0)))])
        }
      ),
    ])
  }

  private static func bytes(of number: Int64) -> [UInt8] {
    (0..<16).map { UInt8(truncatingIfNeeded: $0 < 8 ? number >> (8 * $0) : number >> 63) }
  }

  private static func numbers(_ range: Range<Int>) throws -> RecordBatch {
    try RecordBatch([
      ("n", .numbers(range.map { Int32($0) })), ("twice", .numbers(range.map { Int64($0) * 2 })),
    ])
  }

  // MARK: What is written is read

  @Test(arguments: [nil, "none", "snappy", "zstd", "gzip", "lz4_raw", "brotli"])
  func everyType(compression: String?) throws {
    let folder = try FilesFolder()
    let batches = [try Self.batch(0..<700), try Self.batch(700..<701), try Self.batch(701..<1000)]
    let bytes = try folder.write(
      batches, "x.parquet", options: TableWriting(compression: compression, rowGroupRows: 400))
    let file = try folder.open("x.parquet")
    #expect(file.length == bytes)
    #expect(file.schema.fields.map(\.name) == batches[0].schema.fields.map(\.name))
    #expect(file.rowGroups.map(\.rows) == [400, 400, 200])
    for (written, read) in zip(batches[0].schema.fields, file.schema.fields) {
      #expect(read.type.hasLayout(of: written.type), "\(written) \(read)")
    }
    let read = try file.batches(batchRows: 64).all()
    #expect(read.allSatisfy { $0.rowCount <= 64 && $0.schema == file.schema })
    for index in batches[0].columns.indices {
      let written = batches.flatMap { $0.columns[index].values }
      #expect(read.flatMap { $0.columns[index].values } == written, "\(file.schema.fields[index])")
    }
  }

  @Test func metadata() throws {
    let folder = try FilesFolder()
    var batch = try Self.numbers(0..<3)
    batch = try RecordBatch(
      schema: ArrowSchema(batch.schema.fields, metadata: ["key": "value é", "empty": ""]),
      columns: batch.columns)
    try folder.write([batch], "x.parquet")
    let metadata = try folder.open("x.parquet").schema.metadata
    #expect(metadata["key"] == "value é" && metadata["empty"] == "")
  }

  @Test func noRows() throws {
    let folder = try FilesFolder()
    try folder.write([try Self.numbers(0..<0)], "x.parquet")
    let file = try folder.open("x.parquet")
    #expect(
      file.schema.fields.map(\.name) == ["n", "twice"] && file.rowGroups.allSatisfy { $0.rows == 0 }
    )
    #expect(try file.batches(batchRows: 10).all().isEmpty)
  }

  @Test func rowGroupsByBytes() throws {
    let folder = try FilesFolder()
    let batches = try (0..<8).map { try Self.numbers($0 * 1000..<($0 + 1) * 1000) }
    try folder.write(batches, "x.parquet", options: TableWriting(rowGroupBytes: 20_000))
    let file = try folder.open("x.parquet")
    #expect(file.rowGroups.map(\.rows) == [2000, 2000, 2000, 2000])
    #expect(try file.batches(batchRows: 300).values() == (0..<8000).map { .int($0) })
  }

  @Test func wrongBatches() throws {
    let folder = try FilesFolder()
    let writer = try TableWriter(
      folder.store, folder.file("x.parquet"), .parquet, schema: Self.numbers(0..<1).schema)
    let other = try RecordBatch([("n", .strings(["a"])), ("twice", .numbers([Int64(1)]))])
    let error = failure { try writer.write(other) }
    #expect(error?.code == .schema && error?.message.contains("'n'") == true)
    #expect(
      failure { try writer.write(RecordBatch([("n", .numbers([Int32(1)]))])) }?.code == .schema)
    writer.abort()
    #expect(!folder.exists("x.parquet"))
    let compression = failure {
      _ = try TableWriter(
        folder.store, folder.file("y.parquet"), .parquet, schema: Self.numbers(0..<1).schema,
        options: TableWriting(compression: "lzo"))
    }
    #expect(compression?.code == .invalidOption && compression?.message.contains("zstd") == true)
    #expect(!folder.exists("y.parquet"))
    for format in [FileFormat.csv, .json, .binary, .text] {
      #expect(failure { _ = try folder.open("y.parquet", format) }?.code == .unsupported)
    }
  }

  // MARK: What is asked for

  @Test(arguments: [
    ([["n"], ["twice"]], ["n", "twice"]), ([["twice"]], ["twice"]),
    ([["twice"], ["n"]], ["twice", "n"]), ([["n"], ["n"]], ["n"]),
  ])
  func columns(paths: [[String]], names: [String]) throws {
    let folder = try FilesFolder()
    try folder.write([try Self.numbers(0..<100)], "x.parquet")
    let batches = try folder.open("x.parquet").batches(columns: paths, batchRows: 33)
    #expect(batches.schema.fields.map(\.name) == names)
    let read = try batches.all()
    #expect(read.map(\.rowCount) == [33, 33, 33, 1])
    for (index, name) in names.enumerated() {
      let values = (0..<100).map { ArrowValue.int(name == "n" ? $0 : 2 * $0) }
      #expect(read.flatMap { $0.columns[index].values } == values)
    }
  }

  @Test func nestedColumns() throws {
    let folder = try FilesFolder()
    try folder.write([try Self.batch(0..<10)], "x.parquet")
    let file = try folder.open("x.parquet")
    let batches = try file.batches(
      columns: [["structs", "y"], ["struct", "x"], ["map", "value"], ["int"]], batchRows: 100)
    let read = try #require(try batches.next())
    #expect(read.schema.fields.map(\.name) == ["structs", "struct", "map", "int"])
    #expect(read.schema.fields[0].type.listElement?.type.childFields.map(\.name) == ["y"])
    #expect(read.schema.fields[1].type.childFields.map(\.name) == ["x"])
    #expect(read.columns[1].value(at: 4) == .structure([.int(4)]))
    #expect(read.columns[1].value(at: 3) == .null)
    #expect(read.columns[0].value(at: 8) == .list([.structure([.null]), .structure([.null])]))
    #expect(read.columns[2].value(at: 2) == .map([(key: .string("k"), value: .int(2))]))
    for path in [["nothing"], ["struct", "z"], ["int", "x"], []] {
      let error = failure { _ = try file.batches(columns: [path], batchRows: 1) }
      #expect(error?.code == .schema && error?.path == file.location)
    }
  }

  /// Rows are counted without columns.
  @Test func noColumns() throws {
    let folder = try FilesFolder()
    try folder.write([try Self.numbers(0..<1000)], "x.parquet")
    let read = try folder.open("x.parquet").batches(columns: [], batchRows: 300).all()
    #expect(read.map(\.rowCount).reduce(0, +) == 1000 && read.allSatisfy { $0.columns.isEmpty })
  }

  @Test func rowGroups() throws {
    let folder = try FilesFolder()
    try folder.write(
      [try Self.numbers(0..<1000)], "x.parquet", options: TableWriting(rowGroupRows: 100))
    let file = try folder.open("x.parquet")
    // As Spark takes them: by where their first column begins and how long they are.
    let groups = file.rowGroups
    #expect(groups.count == 10 && groups[0].offset == 4)
    for (group, next) in zip(groups, groups.dropFirst()) {
      #expect(group.length > 0 && group.offset + group.length <= next.offset)
    }
    #expect(try file.batches(rowGroups: [], batchRows: 10).all().isEmpty)
    #expect(
      try file.batches(rowGroups: [7, 2], batchRows: 60).values()
        == (700..<800).map { .int($0) } + (200..<300).map { .int($0) })
    #expect(
      try file.batches(rowGroups: [7, 2], batchRows: 60).all().map(\.rowCount) == [60, 40, 60, 40])
    for index in [-1, 10] {
      let error = failure { _ = try file.batches(rowGroups: [index], batchRows: 1) }
      #expect(error?.message.contains("row group \(index)") == true)
    }
    #expect(failure { _ = try file.batches(batchRows: 0) } != nil)

    let statistics = try file.statistics(rowGroup: 3, column: ["twice"])
    #expect(statistics.nullCount == 0 && statistics.bounds == .integers(600...798))
  }

  @Test func statistics() throws {
    let folder = try FilesFolder()
    try folder.write([try Self.batch(0..<100)], "x.parquet")
    let file = try folder.open("x.parquet")
    let nulls: Int64 = 14
    let expected: [(path: [String], bounds: ColumnStatistics.Bounds?)] = [
      (["bool"], .integers(0...1)), (["short"], .integers(-99...0)),
      (["float"], .floats(0...24.75)), (["double"], .floats(-12.375...0)),
      (["date"], .integers(-200_000 ... -199_901)), (["string"], nil), (["decimal"], nil),
      (["struct", "x"], .integers(0...99)),
    ]
    for (path, bounds) in expected {
      let statistics = try file.statistics(rowGroup: 0, column: path)
      #expect(statistics.nullCount == nulls && statistics.bounds == bounds, "\(path)")
    }
    #expect(try file.statistics(rowGroup: 0, column: ["list"]).nullCount == nil)
    #expect(failure { _ = try file.statistics(rowGroup: 0, column: ["no"]) }?.code == .schema)
  }

  // MARK: What others wrote

  @Test func oldTimestamps() throws {
    let file = try madeTable("int96.parquet")
    let instant = ArrowType.timestamp(.microsecond, timeZone: "UTC")
    #expect(file.schema.fields[0].type == instant)
    #expect(file.schema.fields[1].type.childFields[1].type.listElement?.type == instant)
    let times: [ArrowValue] = [.int(-12_219_292_800_000_000), .null, .int(1_770_091_506_000_789)]
    let batch = try #require(try file.batches(batchRows: 10).next())
    #expect(batch.columns[0].values == times)
    #expect(
      batch.columns[1].values
        == times.enumerated().map { .structure([.int(Int64($0.offset)), .list([$0.element])]) })
    let nested = try file.batches(columns: [["nested", "times"], ["time"]], batchRows: 10)
    #expect(nested.schema.fields[0].type.childFields[0].type.listElement?.type == instant)
    #expect(try nested.next()?.columns[0].value(at: 2) == .structure([.list([times[2]])]))
  }

  @Test func typesOfParquetAlone() throws {
    let file = try madeTable("noted.parquet")
    #expect(
      file.schema.fields.map { "\($0.type)" } == [
        "string", "string", "timestamp[us, tz=UTC]", "list<element: float>",
      ])
    #expect(file.schema.metadata["ARROW:schema"] == nil)
    #expect(
      try file.batches(batchRows: 10).values() == [.string("b"), .null, .string("a"), .string("b")])
  }

  @Test func encodings() throws {
    let file = try madeTable("encodings.parquet")
    #expect(file.rowGroups.map(\.rows) == [400, 400, 200])
    let read = try file.batches(batchRows: 150).all()
    let expected: [[ArrowValue]] = [
      (0..<1000).map { .int($0) }, (0..<1000).map { .string("text \($0)") },
      (0..<1000).map { .float(Double($0) / 4) },
    ]
    for (index, values) in expected.enumerated() {
      #expect(read.flatMap { $0.columns[index].values } == values)
    }
  }

  /// Lists of numbers are decoded by the plug-in itself.
  @Test(arguments: ["codes", "plain", "second", "mixed"], [1, 7, 60, 1000])
  func lists(name: String, batchRows: Int) throws {
    let written = try #require(try madeTable("lists.arrow", .arrow).batches(batchRows: 1000).next())
    let file = try madeTable("lists-\(name).parquet")
    let read = try file.batches(batchRows: batchRows).all()
    #expect(read.allSatisfy { $0.rowCount <= batchRows })
    for (index, column) in written.columns.enumerated() {
      let values: [ArrowValue] = read.flatMap { $0.columns[index].values }
      #expect(values == column.values, "\(written.schema.fields[index])")
    }
    let some = try file.batches(columns: [["one"], ["wide"]], batchRows: batchRows)
    #expect(some.schema.fields.map(\.name) == ["one", "wide"])
    #expect(try some.values(1) == written.columns[1].values)
  }

  // MARK: Several at once

  @Test func threads() async throws {
    let folder = try FilesFolder()
    try folder.write(
      [try Self.numbers(0..<20_000)], "x.parquet", options: TableWriting(rowGroupRows: 1000))
    let file = try folder.open("x.parquet")
    let sums = try await withThrowingTaskGroup(of: (Int, [ArrowValue]).self) { group in
      for index in file.rowGroups.indices {
        group.addTask { (index, try file.batches(rowGroups: [index], batchRows: 64).values()) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for index in file.rowGroups.indices {
      #expect(sums[index] == (index * 1000..<(index + 1) * 1000).map { .int(Int64($0)) })
    }
  }

  @Test func stopping() throws {
    let folder = try FilesFolder()
    try folder.write([try Self.numbers(0..<1000)], "x.parquet")
    let batches = try folder.open("x.parquet").batches(batchRows: 10)
    let first = try #require(try batches.next())
    batches.cancel()
    let error = failure { _ = try batches.next() }
    #expect(error?.code == .cancelled)
    #expect(try batches.next() == nil)
    // What was read stays.
    #expect(first.columns[0].values == (0..<10).map { .int($0) })
  }

  /// Batches outlive what they were read with, and give their memory back.
  @Test func memory() throws {
    let folder = try FilesFolder()
    try folder.write([try Self.batch(0..<1000)], "x.parquet")
    var kept: [RecordBatch] = try folder.open("x.parquet").batches(batchRows: 100).all()
    try folder.store.remove(folder.file("x.parquet"))
    #expect(kept.flatMap { $0.columns[3].values }.count == 1000)
    #expect(try FileLibrary.shared().bytesAllocated > 0)
    kept = []
  }
}
