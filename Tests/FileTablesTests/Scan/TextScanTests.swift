import SparkTypes
import Testing

@testable import FileTables

/// CSV and JSON as Spark 4.3 reads them.
@Suite(.needsFilePlugin) struct TextScanTests {
  @Test(
    arguments: [
      (
        "a,a,A,,b\n1,2,3,4,5\n", ["header": "true"],
        "a0 string, a1 string, A2 string, _c3 string, b string", 1
      ),
      ("\u{FEFF}a,b\r\n1,2\r3,4\n", ["header": "true"], "a string, b string", 2),
      ("a,b\n\n  \n1,2\n", [:], "_c0 string, _c1 string", 2),
      ("#a,b\nc,d\n", ["comment": "#"], "_c0 string, _c1 string", 1),
      ("n,x\n1,1.5\n2,z\n", ["header": "true", "inferSchema": "true"], "n int, x string", 2),
      ("\"a\nb\",c\nd,e\n", ["multiLine": "true"], "_c0 string, _c1 string", 2),
    ] as [(String, [String: String], String, Int)])
  func findsColumnsOfCSV(
    _ text: String, _ options: [String: String], _ schema: String, _ rows: Int
  ) throws {
    let folder = try FilesFolder()
    try folder.write(text, "a.csv")
    let scan = try folder.scan("a.csv", options: options)
    #expect(scan.schema.ddl == schema)
    #expect(try scan.lines().count == rows)
  }

  @Test(arguments: [
    ("a int", " 1\n1\n+1\n1.0\n99999999999\n-0\n", "null 1 1 null null 0"),
    (
      "a double", "1\n 1.5 \nNaN\nInf\n-Inf\nnan\n",
      "1.0 1.5 \"NaN\" \"Infinity\" \"-Infinity\" null"
    ),
    ("a boolean", "true\nTRUE\n1\n true\n", "true true null null"),
    (
      "a decimal(5,2)", "1.005\n999.995\n1000\n\"1,0\"\n1e2\n 1\n",
      "1.01 null null 10.00 100.00 null"
    ),
    (
      "a date", "2020-1-1\n2020\n2020-01-01 10:00\n2020-01-01x\n",
      "\"2020-01-01\" \"2020-01-01\" \"2020-01-01\" null"
    ),
    ("a timestamp_ntz", "2020-01-01\n2020-01-01T10:00:00Z\n", "\"2020-01-01T00:00:00.000\" null"),
    ("a tinyint", "200\n5\n", "null 5"),
    ("a string", "\"\"\nx\n", "null \"x\""),
  ])
  func readsValuesOfCSV(_ schema: String, _ text: String, _ expected: String) throws {
    let folder = try FilesFolder()
    try folder.write(text, "a.csv")
    let found = try folder.scan("a.csv", schema: schema).lines().map {
      String($0.dropFirst(5).dropLast())
    }
    #expect(found.joined(separator: " ") == expected)
  }

  @Test func dropsOrRefusesMalformedLines() throws {
    let folder = try FilesFolder()
    try folder.write("1,1\n1\n1,2,3\n1,x\n", "a.csv")
    func read(_ mode: String) throws -> [String] {
      try folder.scan("a.csv", options: ["mode": mode], schema: "a int, b int").lines()
    }
    #expect(
      try read("PERMISSIVE") == [
        "{\"a\":1,\"b\":1}", "{\"a\":1,\"b\":null}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":null}",
      ])
    #expect(try read("DROPMALFORMED") == ["{\"a\":1,\"b\":1}"])
    #expect(code { _ = try read("FAILFAST") } == .malformed)
    #expect(code { _ = try read("SOMETIMES") } == .invalidOption)
  }

  @Test(arguments: ["dateFormat", "timestampFormat", "locale"])
  func leavesOptionsToSpark(_ option: String) throws {
    let folder = try FilesFolder()
    try folder.write("1\n", "a.csv")
    #expect(code { _ = try folder.scan("a.csv", options: [option: "x"]) } == .unsupported)
    #expect(code { _ = try folder.scan("a.csv", options: ["encoding": "latin1"]) } == .unsupported)
  }

  @Test(arguments: [
    ("{\"b\":1,\"a\":\"x\"}\n{\"a\":null,\"c\":1.5}\n", "a string, b bigint, c double"),
    ("{\"a\":1}\n{\"a\":12345678901234567890}\n", "a decimal(20,0)"),
    ("{\"a\":1}\n{\"a\":\"x\"}\n", "a string"), ("{\"a\":true}\n{\"a\":1}\n", "a string"),
    ("{\"a\":[1,2]}\n{\"a\":[1.5]}\n{\"a\":[]}\n", "a array<double>"),
    ("{\"a\":[]}\n", "a array<string>"),
    ("{\"a\":null}\n{\"b\":1}\n", "a string, b bigint"), ("{\"a\":{}}\n{\"b\":1}\n", "b bigint"),
    (
      "{\"a\":{\"y\":1,\"x\":\"q\"}}\n{\"a\":{\"z\":[{\"w\":1}]}}\n",
      "a struct<x:string,y:bigint,z:array<struct<w:bigint>>>"
    ),
    ("{\"a\":1}\nbroken\n", "_corrupt_record string, a bigint"), ("{'a':1}\n", "a bigint"),
    ("[{\"a\":1},{\"a\":2}]\n", "a bigint"), ("{\"a\":1} trailing\n", "a bigint"),
    ("{\"a\":NaN}\n", "a double"), ("{\"a\":1e2}\n", "a double"),
    ("{\"a\":9223372036854775808}\n{\"a\":1.5}\n", "a double"), ("\n  \n{\"a\":1}\n", "a bigint"),
  ])
  func findsColumnsOfJSON(_ text: String, _ schema: String) throws {
    let folder = try FilesFolder()
    try folder.write(text, "a.json")
    #expect(try folder.scan("a.json").schema.ddl == schema)
  }

  @Test(arguments: [
    (
      "a int", "{\"a\":1}\n{\"a\":\"1\"}\n{\"a\":1.0}\n{\"a\":3000000000}\n{\"a\":null}\n",
      "1 null null null null"
    ),
    (
      "a double", "{\"a\":1}\n{\"a\":\"1.5\"}\n{\"a\":\"NaN\"}\n{\"a\":NaN}\n{\"a\":true}\n",
      "1.0 null \"NaN\" \"NaN\" null"
    ),
    (
      "a string", "{\"a\":1.50}\n{\"a\":{\"b\": 1,\"c\":[1, 2]}}\n{\"a\":true}\n",
      "\"1.50\" \"{\\\"b\\\": 1,\\\"c\\\":[1, 2]}\" \"true\""
    ),
    ("a date", "{\"a\":\"2020-1-1\"}\n{\"a\":18262}\n", "\"2020-01-01\" null"),
    ("a timestamp", "{\"a\":1577836800}\n{\"a\":1.5}\n", "\"2020-01-01T01:00:00.000+01:00\" null"),
    ("a decimal(5,2)", "{\"a\":1.005}\n{\"a\":\"1.5\"}\n{\"a\":1000}\n", "1.01 1.50 null"),
    ("a binary", "{\"a\":\"YWI=\"}\n{\"a\":\"x\"}\n", "\"YWI=\" null"),
    ("a array<int>", "{\"a\":[1,null,2]}\n{\"a\":[1,\"x\"]}\n{\"a\":{}}\n", "[1,null,2] null null"),
    (
      "a struct<x:int,y:string>",
      "{\"a\":{\"x\":1,\"z\":2}}\n{\"a\":{\"x\":\"bad\",\"y\":\"k\"}}\n{\"a\":5}\n",
      "{\"x\":1,\"y\":null} {\"x\":null,\"y\":\"k\"} null"
    ),
    (
      "a map<string,int>", "{\"a\":{\"k\":1,\"j\":null}}\n{\"a\":{\"k\":\"x\"}}\n",
      "{\"k\":1,\"j\":null} null"
    ),
    ("a int", "{\"A\":7}\nbroken\n{\"a\":1\n[{\"a\":1},{\"a\":2}]\n", "null null null 1 2"),
  ])
  func readsValuesOfJSON(_ schema: String, _ text: String, _ expected: String) throws {
    let folder = try FilesFolder()
    try folder.write(text, "a.json")
    let found = try folder.scan("a.json", schema: schema).lines().map {
      String($0.dropFirst(5).dropLast())
    }
    #expect(found.joined(separator: " ") == expected)
  }

  @Test func keepsTheTextOfCorruptRecords() throws {
    let folder = try FilesFolder()
    try folder.write("{\"a\":\"x\"}\n{\"a\":1}\nbroken\n", "a.json")
    func read(_ mode: String) throws -> [String] {
      try folder.scan(
        "a.json", options: ["mode": mode], schema: "a int, _corrupt_record string"
      ).lines()
    }
    #expect(
      try read("PERMISSIVE") == [
        "{\"a\":null,\"_corrupt_record\":\"{\\\"a\\\":\\\"x\\\"}\"}",
        "{\"a\":1,\"_corrupt_record\":null}", "{\"a\":null,\"_corrupt_record\":\"broken\"}",
      ])
    #expect(try read("DROPMALFORMED").count == 1)
    #expect(code { _ = try read("FAILFAST") } == .malformed)
  }

  @Test func readsLinesWhateverTheirEnds() throws {
    let folder = try FilesFolder()
    try folder.write("a\n\nb\r\nc\rd", "a.txt")
    #expect(
      try folder.scan("a.txt").lines() == ["a", "", "b", "c", "d"].map { "{\"value\":\"\($0)\"}" })
    // Longer than what is read at once, with ends at its bounds.
    let long = String(repeating: "x", count: (1 << 18) - 1)
    try folder.write("\(long)\r\n\(long)\r\(long)", "b.txt")
    #expect(
      try folder.scan("b.txt").lines().map(\.utf8.count)
        == Array(repeating: long.utf8.count + 12, count: 3))
  }
}
