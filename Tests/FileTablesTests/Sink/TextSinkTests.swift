import ArrowIPC
import SparkTypes
import Testing

@testable import FileTables

/// Text as Spark 4.3 writes it.
@Suite(.needsFilePlugin) struct TextSinkTests {
  @Test(arguments: [
    ("a\"b", "\"a\\\"b\""), ("a\\b", "a\\b"), ("a\\\"b", "\"a\\\\\\\"b\""), (" lead", "lead"),
    ("trail ", "trail"), ("a\rb", "\"a\rb\""), ("a\nb", "\"a\nb\""), ("#c", "\"#c\""),
    ("\"\"", "\"\\\"\\\"\""), ("\"", "\"\\\"\""), ("", "\"\""), ("a,b", "\"a,b\""), ("\\", "\\"),
    ("a\\,b", "\"a\\\\,b\""), (",\\", "\",\\\\\""), ("\t", "\"\""), ("é", "é"), ("a;b", "a;b"),
  ])
  func quotesAsSpark(_ value: String, _ expected: String) {
    var text: [UInt8] = []
    CSVWriting().append(Array(value.utf8), to: &text)
    #expect(String(decoding: text, as: UTF8.self) == expected)
  }

  @Test(arguments: [
    (["quoteAll": "true"], "x", "\"x\""), (["quoteAll": "true"], "\\", "\"\\\\\""),
    (["escape": "\""], "a\"b", "\"a\"\"b\""), (["escape": "\""], "a\\,b", "\"a\\,b\""),
    (["escapeQuotes": "false"], "a\"b", "a\"b"), (["escapeQuotes": "false"], "\"x", "\"\\\"x\""),
    (["emptyValue": "E"], "", "E"), (["sep": ";"], "a;b", "\"a;b\""),
    (["ignoreLeadingWhiteSpace": "false"], " a", " a"),
  ])
  func obeysOptions(_ options: [String: String], _ value: String, _ expected: String) throws {
    var text: [UInt8] = []
    try CSVWriting(FileOptions(options), isTabbed: false).append(Array(value.utf8), to: &text)
    #expect(String(decoding: text, as: UTF8.self) == expected)
  }

  private func written(
    _ name: String, _ ddl: String, _ rows: [[ArrowValue]], options: [String: String] = [:]
  ) throws -> String {
    let folder = try FilesFolder()
    var options = options
    options["timeZone"] = "Europe/Berlin"
    let sink = try FileSink(
      folder.file(name), format: nil, options: options, mode: .error,
      schema: try StructType(ddl: ddl))
    let columns = try sink.arrowSchema.fields.enumerated().map { index, field in
      try ArrowColumn(rows.map { $0[index] }, type: field.type)
    }
    try sink.part(0).write(
      try RecordBatch(schema: sink.arrowSchema, columns: columns, rowCount: rows.count))
    try sink.commit()
    return try folder.text(name)
  }

  private static let types =
    "f float, d double, b boolean, dt date, ts timestamp, ntz timestamp_ntz, dec decimal(4,2)"
  private static let values: [ArrowValue] = [
    .float(1.5), .float(1e10), .bool(true), .int(18263), .int(1_593_565_445_123_456),
    .int(1_577_934_245_100_000),
    .decimal(ArrowDecimal(bytes: [110] + [UInt8](repeating: 0, count: 15), scale: 2)),
  ]

  @Test func writesCSV() throws {
    let text = try written(
      "a.csv", Self.types,
      [Self.values, Array(repeating: .null, count: Self.values.count)],
      options: ["header": "true", "nullValue": "NULL"])
    #expect(
      text == "f,d,b,dt,ts,ntz,dec\n"
        + "1.5,1.0E10,true,2020-01-02,2020-07-01T03:04:05.123+02:00,2020-01-02T03:04:05.100,1.10\n"
        + "NULL,NULL,NULL,NULL,NULL,NULL,NULL\n")
  }

  @Test func writesARowOfOneNull() throws {
    #expect(try written("a.csv", "v string", [[.null], [.string("x")]]) == "\"\"\nx\n")
  }

  @Test func writesTabs() throws {
    #expect(
      try written("a.tsv", "v string, w string", [[.string("a b"), .string("c")]]) == "a b\tc\n")
  }

  @Test func writesJSON() throws {
    let text = try written(
      "a.json", Self.types + ", n double, x binary, s string, nothing int",
      [Self.values + [.float(.nan), .binary(Array("ab".utf8)), .string("a\"\u{1}\n/é"), .null]])
    #expect(
      text == "{\"f\":1.5,\"d\":1.0E10,\"b\":true,\"dt\":\"2020-01-02\","
        + "\"ts\":\"2020-07-01T03:04:05.123+02:00\",\"ntz\":\"2020-01-02T03:04:05.100\",\"dec\":1.10,"
        + "\"n\":\"NaN\",\"x\":\"YWI=\",\"s\":\"a\\\"\\u0001\\n/é\"}\n")
  }

  @Test func writesNestedJSON() throws {
    let row: [ArrowValue] = [
      .list([.int(1), .null]),
      .map([(key: .string("k"), value: .null), (key: .string("j"), value: .int(2))]),
      .structure([.null, .int(1)]), .list([.structure([.null])]),
      .map([(key: .int(18262), value: .int(1))]),
    ]
    let ddl =
      "a array<int>, m map<string,int>, st struct<x:int,y:int>, o array<struct<q:int>>, md map<date,int>"
    #expect(
      try written("a.json", ddl, [row])
        == "{\"a\":[1,null],\"m\":{\"k\":null,\"j\":2},\"st\":{\"y\":1},\"o\":[{}],\"md\":{\"18262\":1}}\n"
    )
    #expect(
      try written("a.json", "a int", [[.null]], options: ["ignoreNullFields": "false"])
        == "{\"a\":null}\n")
  }

  @Test func refusesNestedColumnsInCSV() {
    #expect(code { _ = try written("a.csv", "v array<int>", [[.null]]) } == .schema)
  }

  @Test func readsItsOwnCompressedText() throws {
    let folder = try FilesFolder()
    for name in ["a.csv.gz", "a.json.zst", "a.json.bz2"] {
      let sink = try FileSink(
        folder.file(name), format: nil, options: ["header": "true"], mode: .error,
        schema: ["v": .string])
      try sink.part(0).write(try RecordBatch([("v", .strings(["x", "y"]))]))
      try sink.commit()
      let scan = try folder.scan(name, options: ["header": "true"])
      #expect(try scan.lines() == ["{\"v\":\"x\"}", "{\"v\":\"y\"}"])
    }
  }
}
