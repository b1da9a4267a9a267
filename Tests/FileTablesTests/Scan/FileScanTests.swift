import ArrowIPC
import Foundation
import SparkTypes
import Testing

@testable import FileTables

@Suite(.needsFilePlugin) struct FileScanTests {
  @Test func readsFilesInOrder() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1, nil, 3], "t/a.parquet")
    try folder.writeNumbers([4], "t/b.parquet")
    try folder.writeNumbers([9], "t/_hidden.parquet")
    try folder.writeNumbers([9], "t/.hidden/c.parquet")
    try folder.write("", "t/_SUCCESS")
    let scan = try folder.scan("t")
    #expect(scan.format == .parquet)
    #expect(scan.schema.ddl == "v int")
    #expect(scan.rows == 4)
    #expect(try scan.lines() == ["{\"v\":1}", "{\"v\":null}", "{\"v\":3}", "{\"v\":4}"])
    #expect(
      try scan.limited(to: 2).batches(of: scan.splits(parallelism: 1)[0], batchRows: 9).next()?
        .rowCount == 2)
  }

  @Test(
    "a sample has rows from all over the table",
    arguments: [(1, 1), (100, 100), (900, 900), (5000, 1000)])
  func samples(rows: Int, taken: Int) throws {
    let folder = try FilesFolder()
    let all = (0..<1000).map { Optional(Int32($0)) }
    for file in 0..<10 {
      var writing = TableWriting()
      writing.rowGroupRows = 20
      let numbers = all[file * 100..<file * 100 + 100]
      let batch = try RecordBatch([("v", .numbers(Array(numbers)))])
      try FileManager.default.createDirectory(
        atPath: folder.file("t"), withIntermediateDirectories: true)
      try folder.write([batch], "t/\(file).parquet", options: writing)
    }
    let scan = try folder.scan("t").sampled(rows: rows)
    func read(_ scan: FileScan) throws -> [ArrowValue] {
      try scan.splits(parallelism: 2).flatMap { split in
        let batches = try scan.batches(of: split, batchRows: 7)
        var values: [ArrowValue] = []
        while let batch = try batches.next() {
          if values.isEmpty {
            // Messages name rows by their place in the file.
            let first = try #require(batches.firstRow)
            #expect(batch.columns[0].value(at: 0) == .int(Int64(split.file * 100 + first)))
          }
          values += batch.columns[0].values
        }
        return values
      }
    }
    let values = try read(scan)
    #expect(scan.rows == taken && values.count == taken)
    #expect(try read(folder.scan("t").sampled(rows: rows)) == values)
    let numbers = values.compactMap { if case .int(let number) = $0 { number } else { nil } }
    #expect(numbers == Set(numbers).sorted())
    if rows == 100 {
      // From sixteen places, in most of the files.
      #expect(Set(numbers.map { $0 / 20 }).count == 16)
      #expect(Set(numbers.map { $0 / 100 }).count >= 6)
      #expect(try read(folder.scan("t").sampled(rows: rows, seed: 2)) != values)
    }
    #expect(try read(scan.limited(to: 3).selecting(["v"])).count <= taken)
  }

  @Test(
    "places with few rows give all of them to a sample",
    arguments: [
      (7, [100, 100, 100], [3, 2, 2]), (10, [1, 100, 2], [1, 7, 2]), (10, [1, 2], [1, 2]),
      (0, [5, 5], [0, 0]), (-1, [5], [0]), (3, [], []),
    ])
  func shares(rows: Int, counts: [Int], shares: [Int]) {
    let given = RowSample.shares(of: rows, among: counts)
    #expect(given.sorted() == shares.sorted())
    #expect(zip(given, counts).allSatisfy { $0 <= $1 })
  }

  @Test("a sample of text has the first rows of files")
  func samplesOfText() throws {
    let folder = try FilesFolder()
    for file in 0..<3 {
      try folder.write(
        (0..<50).map { "{\"v\":\(file * 50 + $0)}" }.joined(separator: "\n"), "t/\(file).json")
    }
    let scan = try folder.scan("t").sampled(rows: 7)
    #expect(scan.rows == nil)
    let counts = try scan.splits(parallelism: 1).map { split in
      let batch = try #require(try scan.batches(of: split, batchRows: 10).next())
      #expect(
        batch.columns[0].values == (0..<batch.rowCount).map { .int(Int64(split.file * 50 + $0)) })
      return batch.rowCount
    }
    #expect(counts.sorted() == [2, 2, 3])
  }

  @Test func readsPartitions() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1], "t/k=2/d=2020-01-01/a.parquet")
    try folder.writeNumbers([2], "t/k=10/d=__HIVE_DEFAULT_PARTITION__/a.parquet")
    let scan = try folder.scan("t")
    #expect(scan.schema.ddl == "v int, k int, d date")
    #expect(scan.partitionColumns == ["k", "d"])
    #expect(
      try scan.lines() == [
        "{\"v\":2,\"k\":10,\"d\":null}", "{\"v\":1,\"k\":2,\"d\":\"2020-01-01\"}",
      ])
    #expect(try scan.selecting(["D", "V"]).lines().last == "{\"d\":\"2020-01-01\",\"v\":1}")
    let few = try scan.filtering { $0["k"] == .int(2) }
    #expect(few.fileCount == 1)
    #expect(try scan.selecting(["k"]).lines() == ["{\"k\":10}", "{\"k\":2}"])
    #expect(try scan.selecting([]).lines() == ["{}", "{}"])
    // A partition that is read itself has no column of its own name.
    #expect(try folder.scan("t/k=2").schema.ddl == "v int, d date")
    let based = try folder.scan("t/k=2", options: ["basePath": folder.file("t")])
    #expect(based.schema.ddl == "v int, k int, d date")
    #expect(
      try folder.scan("t", schema: "v int, k string, d string").lines().first
        == "{\"v\":2,\"k\":\"10\",\"d\":null}")
  }

  @Test func looksIntoFoldersAsSpark() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1], "t/a.parquet")
    try folder.writeNumbers([2], "t/in/b.parquet")
    try folder.writeNumbers([3], "u/in/c.parquet")
    try folder.writeNumbers([4], "p/k=1/d.parquet")
    try folder.writeNumbers([5], "p/beside.parquet")
    func rows(_ names: [String], _ options: [String: String] = [:]) throws -> [String] {
      try FileScan(names.map { folder.file($0) }, format: nil, options: options, schema: nil)
        .selecting(["v"]).lines()
    }
    #expect(try rows(["t"]) == ["{\"v\":1}"])
    #expect(try rows(["t"], ["recursiveFileLookup": "true"]).count == 2)
    #expect(try rows(["t", "t/in"]).count == 2)
    // A path that is given twice is read twice, but not if it has partitions.
    #expect(try rows(["t", "t/a.parquet"]) == ["{\"v\":1}", "{\"v\":1}"])
    #expect(try rows(["p", "p"]) == ["{\"v\":4}"])
    #expect(code { _ = try rows(["u"]) } == .schema)
  }

  /// Names that look the same and are not are two names.
  @Test func tellsNamesApartByCharacters() throws {
    let folder = try FilesFolder()
    let (one, two) = ("\u{e9}", "e\u{301}")
    try folder.write("{\"\(one)\":1,\"\(two)\":\"a\"}", "t.json")
    #expect(try folder.scan("t.json").lines() == ["{\"\(two)\":\"a\",\"\(one)\":1}"])
    try folder.write("\(one),\(two)\n1,a\n", "t.csv")
    let csv = try folder.scan("t.csv", options: ["header": "true"])
    #expect(csv.schema.names.map { $0.unicodeScalars.count } == [1, 2])
    #expect(try csv.selecting([two]).lines().first?.contains("a") == true)
    try folder.write(
      [
        RecordBatch([
          (one, ArrowColumn.numbers([1] as [Int32?])), (two, ArrowColumn.strings(["a"])),
        ])
      ],
      "t.parquet")
    #expect(try folder.scan("t.parquet").selecting([two]).schema.fields[0].type == .string)
    try folder.writeNumbers([1], "t/k=\(one)/a.parquet")
    try folder.writeNumbers([2], "t/k=\(two)/a.parquet")
    #expect(try folder.scan("t").lines().count == 2)
  }

  @Test func takesAPartitionsColumnInItsPlace() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1], "t/V=7/a.parquet")
    let scan = try folder.scan("t")
    #expect(scan.schema.ddl == "V int")
    #expect(try scan.lines() == ["{\"V\":7}"])
  }

  @Test func refusesConflictingPartitions() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1], "a/k=1/a.parquet")
    try folder.writeNumbers([1], "a/j=2/a.parquet")
    try folder.writeNumbers([1], "b/k=1/a.parquet")
    try folder.writeNumbers([1], "b/x/a.parquet")
    for name in ["a", "b"] { #expect(code { _ = try folder.scan(name) } == .schema) }
  }

  @Test func takesItsOwnOptionForFetchingAhead() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1], "a.parquet")
    for word in ["true", "FALSE"] {
      #expect(try folder.scan("a.parquet", options: ["prefetch": word]).lines() == ["{\"v\":1}"])
    }
    #expect(
      code { _ = try folder.scan("a.parquet", options: ["prefetch": "no"]) } == .invalidOption)
  }

  @Test func fillsColumnsThatFilesLack() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1], "t/1.parquet", column: "a")
    try folder.writeNumbers([2], "t/2.parquet", column: "B")
    let scan = try folder.scan("t", schema: "A bigint, b double")
    #expect(
      try scan.lines() == ["{\"A\":1,\"b\":null}", "{\"A\":null,\"b\":2.0}"])
    #expect(try folder.scan("t").lines() == ["{\"a\":1}", "{\"a\":null}"])
    let merged = try folder.scan("t", options: ["mergeSchema": "true"])
    #expect(merged.schema.ddl == "a int, B int")
  }

  @Test(arguments: [
    ("bigint", true), ("double", true), ("decimal(10,0)", true), ("decimal(9,0)", false),
    ("float", false), ("string", false), ("boolean", false), ("timestamp", false),
    ("smallint", true), ("int", true),
  ])
  func widensAsSpark(_ type: String, _ isRead: Bool) throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([300], "a.parquet", column: "c")
    let found = code { _ = try folder.scan("a.parquet", schema: "c \(type)").lines() }
    #expect(found == (isRead ? nil : .schema))
  }

  @Test func refusesNumbersThatDoNotFit() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([300], "a.parquet", column: "c")
    #expect(code { _ = try folder.scan("a.parquet", schema: "c tinyint").lines() } != nil)
  }

  @Test func refusesWhatIsNotThere() throws {
    let folder = try FilesFolder()
    try folder.write("", "empty/_SUCCESS")
    try folder.write("no table", "bad.parquet")
    #expect(code { _ = try folder.scan("none") } == .notFound)
    #expect(code { _ = try folder.scan("none*.csv") } == .notFound)
    for format in [FileFormat.parquet, .csv, .json] {
      #expect(code { _ = try folder.scan("empty", format) } == .schema)
    }
    #expect(code { _ = try folder.scan("bad.parquet") } == .malformed)
    try folder.writeNumbers([1], "a.parquet")
    #expect(code { _ = try folder.scan("a.parquet").selecting(["w"]) } == .schema)
  }

  @Test func refusesFilesThatChanged() throws {
    let folder = try FilesFolder()
    try folder.writeNumbers([1], "a.parquet")
    let scan = try folder.scan("a.parquet")
    try folder.writeNumbers([1, 2, 3], "a.parquet")
    #expect(code { _ = try scan.lines() } == .changed)
    try FileManager.default.removeItem(atPath: folder.file("a.parquet"))
    #expect(code { _ = try scan.lines() } == .changed)
  }

  enum Change: CaseIterable {
    case cut, grown, replaced, touched, removed
  }

  @Test(
    "a file that changes while it is read", arguments: ["csv", "json", "txt", "parquet"],
    Change.allCases)
  func changesMeanwhile(ending: String, change: Change) throws {
    let folder = try FilesFolder()
    let name = "t.\(ending)"
    let path = folder.file(name)
    if ending == "parquet" {
      try folder.writeNumbers((0..<100).map { Int32($0) }, name)
    } else {
      try folder.write((0..<100).map { "{\"v\":\($0)}\n" }.joined(), name)
    }
    let scan = try folder.scan(name)
    let split = try #require(scan.splits(parallelism: 1).first)
    let batches = try scan.batches(of: split, batchRows: 10)
    #expect(try batches.next()?.rowCount == 10)
    switch change {
    case .cut: #expect(truncate(path, Int(split.length) / 2) == 0)
    case .grown:
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try file.seekToEnd()
      try file.write(contentsOf: Data("{\"v\":100}\n".utf8))
      try file.close()
    case .replaced: try folder.write("other", name)
    case .touched:
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000)], ofItemAtPath: path)
    case .removed: try FileManager.default.removeItem(atPath: path)
    }
    let error = #expect(throws: FileTableError.self) { while try batches.next() != nil {} }
    #expect(
      error?.code == .changed && error?.path == scan.files[0].location,
      "\(String(describing: error))")
  }

  @Test func splitsByRowGroups() throws {
    let folder = try FilesFolder()
    let numbers = (0..<1000).map { Int64($0) }
    try folder.write(
      [try RecordBatch([("v", ArrowColumn.numbers(numbers.map { Optional($0) }))])], "a.parquet",
      options: TableWriting(rowGroupRows: 100))
    let scan = try folder.scan(
      "a.parquet", options: ["maxPartitionBytes": "2k", "openCostInBytes": "1b"])
    let splits = scan.splits(parallelism: 100)
    #expect(splits.count > 1)
    #expect(splits.reduce(0) { $0 + $1.size } == scan.bytes)
    // Each row once, in order.
    #expect(
      try scan.lines(batchRows: 64, parallelism: 100) == numbers.map { "{\"v\":\($0)}" })
    #expect(scan.splits(parallelism: 1).count >= 1)
  }

  @Test func matchesPatterns() throws {
    let folder = try FilesFolder()
    for name in ["a1", "a2", "b1"] { try folder.write("{\"v\":\"\(name)\"}\n", "\(name).json") }
    #expect(try folder.scan("a*.json").lines() == ["{\"v\":\"a1\"}", "{\"v\":\"a2\"}"])
    #expect(try folder.scan("{a2,b1}.json").lines().count == 2)
    #expect(
      try folder.scan("", .json, options: ["pathGlobFilter": "*1.json"]).lines().count == 2)
  }

  @Test func refusesFilesOfSeveralFormats() throws {
    let folder = try FilesFolder()
    try folder.write("a\n1\n", "t/a.csv")
    try folder.write("{}\n", "t/b.json")
    #expect(code { _ = try folder.scan("t") } == .invalidOption)
    #expect(try folder.scan("t", options: ["pathGlobFilter": "*.csv"]).format == .csv)
  }

  @Test func readsFilesAsRows() throws {
    let folder = try FilesFolder()
    try folder.write("abc", "t/a.bin")
    let scan = try folder.scan("t", .binary)
    #expect(
      scan.schema.ddl == "path string, modificationTime timestamp, length bigint, content binary")
    let batches = try scan.batches(of: scan.splits(parallelism: 1)[0], batchRows: 8)
    let batch = try #require(try batches.next())
    #expect(batch.columns[0].value(at: 0) == .string("file:\(folder.file("t/a.bin"))"))
    #expect(batch.columns[2].value(at: 0) == .int(3))
    #expect(batch.columns[3].value(at: 0) == .binary(Array("abc".utf8)))
    #expect(try folder.scan("t", .text).lines() == ["{\"value\":\"abc\"}"])
  }
}
