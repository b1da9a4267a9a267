import ArrowIPC
import Foundation
import SparkTypes
import Testing

@testable import FileTables

@Suite(.needsFilePlugin) struct FileSinkTests {
  private let schema: StructType = ["v": .integer]

  private func sink(
    _ folder: FilesFolder, _ name: String, _ mode: FileSaveMode = .error,
    options: [String: String] = [:]
  ) throws -> FileSink {
    try FileSink(folder.file(name), format: nil, options: options, mode: mode, schema: schema)
  }

  private func write(_ numbers: [Int32], _ sink: FileSink, part: Int = 0) throws {
    let part = try sink.part(part)
    try part.write(try RecordBatch([("v", ArrowColumn.numbers(numbers.map { Optional($0) }))]))
    try part.close()
  }

  @Test func writesOneFile() throws {
    let folder = try FilesFolder()
    let sink = try sink(folder, "new/out.parquet")
    #expect(sink.isSingleFile)
    try write([1, 2], sink)
    #expect(!folder.exists("new/out.parquet"))
    try sink.commit()
    #expect(try folder.names(in: "new") == ["out.parquet"])
    #expect(try folder.scan("new/out.parquet").lines() == ["{\"v\":1}", "{\"v\":2}"])
    #expect(sink.rows == 2)
    #expect(sink.bytes > 0)
  }

  @Test func writesAFolderOfParts() throws {
    let folder = try FilesFolder()
    let sink = try sink(folder, "out")
    try write([3], sink, part: 1)
    try write([1, 2], sink, part: 0)
    #expect(!folder.exists("out"))
    try sink.commit()
    let names = try folder.names(in: "out")
    #expect(names.count == 3)
    #expect(names[0] == "_SUCCESS")
    #expect(names[1].hasPrefix("part-00000-"))
    #expect(names[1].hasSuffix("-c000.snappy.parquet"))
    #expect(try folder.names() == ["out"])
    #expect(try folder.scan("out").lines() == ["{\"v\":1}", "{\"v\":2}", "{\"v\":3}"])
  }

  @Test func writesMonthsAsNumbers() throws {
    let folder = try FilesFolder()
    let schema: StructType = ["m": .yearMonthInterval(), "s": .struct(["m": .yearMonthInterval()])]
    let sink = try FileSink(
      folder.file("out.parquet"), format: nil, options: [:], mode: .error, schema: schema)
    let months = ArrowColumn.numbers([14, nil] as [Int32?]).retyped(.interval(.yearMonth))
    let structure = ArrowColumn(
      unchecked: sink.arrowSchema.fields[1].type, count: 2, children: [months])
    let part = try sink.part(0)
    try part.write(
      try RecordBatch(schema: sink.arrowSchema, columns: [months, structure], rowCount: 2))
    try sink.commit()
    let scan = try folder.scan("out.parquet")
    #expect(scan.schema == schema)
    let batch = try #require(
      try scan.batches(of: scan.splits(parallelism: 1)[0], batchRows: 9).next())
    #expect(batch.columns[0].retyped(.int32).values == [.int(14), .null])
    #expect(batch.columns[1].children[0].retyped(.int32).values == [.int(14), .null])
  }

  @Test func obeysModes() throws {
    let folder = try FilesFolder()
    for name in ["out.parquet", "out"] {
      let first = try sink(folder, name)
      try write([1], first)
      try first.commit()
      #expect(code { _ = try sink(folder, name) } == .exists)
      let ignored = try sink(folder, name, .ignore)
      #expect(ignored.isIgnored)
      try ignored.commit()
      #expect(try folder.scan(name).lines() == ["{\"v\":1}"])
      let replaced = try sink(folder, name, .overwrite)
      try write([2], replaced)
      #expect(try folder.scan(name).lines() == ["{\"v\":1}"])
      try replaced.commit()
      #expect(try folder.scan(name).lines() == ["{\"v\":2}"])
    }
    #expect(code { _ = try sink(folder, "out.parquet", .append) } == .exists)
    let added = try sink(folder, "out", .append)
    try write([3], added)
    try added.commit()
    #expect(try folder.scan("out").lines().sorted() == ["{\"v\":2}", "{\"v\":3}"])
    #expect(try folder.names() == ["out", "out.parquet"])
    #expect(try folder.names(in: "out").count == 3)
  }

  @Test func removesWhatItBegan() throws {
    let folder = try FilesFolder()
    for (name, mode) in [("out.parquet", FileSaveMode.error), ("out", .error), ("there", .append)] {
      if mode == .append { try folder.writeNumbers([7], "there/a.parquet") }
      let sink = try sink(folder, name, mode)
      try write([1], sink)
      sink.abort()
      // Nothing may follow.
      try sink.commit()
    }
    #expect(try folder.names() == ["there"])
    #expect(try folder.names(in: "there") == ["a.parquet"])
  }

  @Test func writesTablesWithoutRows() throws {
    let folder = try FilesFolder()
    try sink(folder, "out.parquet").commit()
    try sink(folder, "out").commit()
    for name in ["out.parquet", "out"] {
      #expect(try folder.scan(name).schema == schema)
      #expect(try folder.scan(name).lines() == [])
    }
  }

  @Test func refusesOutputsBeforeTheirColumnsAreKnown() throws {
    let folder = try FilesFolder()
    try folder.write("", "there.csv")
    func check(
      _ name: String, _ options: [String: String] = [:], _ mode: FileSaveMode = .error
    ) -> FileTableError.Code? {
      code {
        try FileSink.check(folder.file(name), format: nil, options: options, mode: mode)
      }
    }
    #expect(check("new.csv") == nil)
    #expect(check("there.csv") == .exists)
    #expect(check("there.csv", [:], .overwrite) == nil)
    #expect(check("new.parquet", ["compression": "rar"]) == .invalidOption)
    #expect(check("new.csv", ["dateFormat": "dd.MM.yyyy"]) == .unsupported)
  }

  @Test func refusesFoldersThatCannotBeWritten() throws {
    let folder = try FilesFolder()
    try folder.write("a file", "file")
    let sink = try sink(folder, "file/out.parquet")
    #expect(code { _ = try sink.part(0) } != nil)
    sink.abort()
    #expect(try folder.names() == ["file"])
  }

  @Test func refusesOtherColumns() throws {
    let folder = try FilesFolder()
    let sink = try sink(folder, "out.parquet")
    let part = try sink.part(0)
    let two = try RecordBatch([
      ("v", ArrowColumn.numbers([Int32(1)])), ("w", ArrowColumn.numbers([Int32(1)])),
    ])
    #expect(code { try part.write(two) } == .schema)
    #expect(
      code { try part.write(try RecordBatch([("v", ArrowColumn.numbers([Int64.max]))])) } == .schema
    )
    sink.abort()
  }

  @Test func keepsTypesInParquet() throws {
    let folder = try FilesFolder()
    let schema = try StructType(
      ddl: "t timestamp, n timestamp_ntz, d decimal(12,3), b tinyint, a array<float>, "
        + "m map<string,int>, s struct<x:date>")
    let sink = try FileSink(
      folder.file("out.parquet"), format: nil, options: ["timeZone": "Europe/Berlin"],
      mode: .error, schema: schema)
    let values: [ArrowValue] = [
      .int(1_577_833_200_000_000), .int(5),
      .decimal(try #require(ArrowDecimal("1.250", byteWidth: 16, scale: 3))),
      .int(-3), .list([.float(0.5), .null]), .map([(key: .string("k"), value: .int(1))]),
      .structure([.int(18262)]),
    ]
    let columns = try zip(sink.arrowSchema.fields, values).map { field, value in
      try ArrowColumn([value, .null], type: field.type)
    }
    try sink.part(0).write(try RecordBatch(schema: sink.arrowSchema, columns: columns))
    try sink.commit()
    let scan = try folder.scan("out.parquet")
    #expect(scan.schema == schema)
    #expect(
      try scan.lines().first
        == "{\"t\":\"2020-01-01T00:00:00.000+01:00\",\"n\":\"1970-01-01T00:00:00.000\",\"d\":1.250,"
        + "\"b\":-3,\"a\":[0.5,null],\"m\":{\"k\":1},\"s\":{\"x\":\"2020-01-01\"}}")
    #expect(try scan.lines().last?.contains("\"s\":null") == true)
  }
}
