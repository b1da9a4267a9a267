import ArrowIPC
import SparkTypes
import Testing

/// Types in SQL's words, as a tree, and in Arrow.
struct DataTypeTests {
  @Test(
    "types are parsed and written in SQL's words",
    arguments: [
      ("boolean", .boolean), ("tinyint", .byte), ("smallint", .short), ("int", .integer),
      ("bigint", .long), ("float", .float), ("double", .double), ("string", .string),
      ("binary", .binary), ("date", .date), ("timestamp", .timestamp),
      ("timestamp_ntz", .timestampNTZ), ("void", .null), ("variant", .variant),
      ("decimal(12,3)", .decimal(precision: 12, scale: 3)), ("char(3)", .char(length: 3)),
      ("varchar(9)", .varchar(length: 9)), ("interval", .calendarInterval),
      ("interval day to second", .dayTimeInterval()),
      ("interval hour", .dayTimeInterval(from: .hour, to: .hour)),
      ("interval year to month", .yearMonthInterval()),
      ("array<array<float>>", .array(.array(.float))),
      ("map<string,array<int>>", .map(.string, .array(.integer))),
      ("struct<a:int,b:string>", .struct(["a": .integer, "b": .string])),
      (
        "struct<a:int not null,`b c`:map<int,double>>",
        .struct([
          StructField("a", .integer, isNullable: false),
          StructField("b c", .map(.integer, .double)),
        ])
      ),
      ("struct<>", .struct([])),
    ] as [(String, DataType)])
  func ddl(text: String, type: DataType) throws {
    #expect(try DataType(ddl: text) == type)
    #expect(type.ddl == text)
  }

  @Test(
    "other spellings",
    arguments: [
      (" ARRAY < Float > ", .array(.float)), ("integer", .integer), ("long", .long),
      ("short", .short), ("byte", .byte), ("real", .float), ("bool", .boolean),
      ("dec", .decimal()), ("numeric(5)", .decimal(precision: 5, scale: 0)),
      ("timestamp_ltz", .timestamp),
      ("struct<a int, b: string COMMENT 'it\\'s'>", .struct(["a": .integer, "b": .string])),
    ] as [(String, DataType)])
  func spellings(text: String, type: DataType) throws {
    #expect(try DataType(ddl: text) == type)
  }

  @Test(
    "what is not understood is told with its place",
    arguments: [
      ("", 1), ("floot", 1), ("array", 6), ("array<", 7), ("array<int", 10), ("array<int>x", 11),
      ("map<int>", 8), ("struct<a>", 9), ("struct<a:int,>", 14), ("decimal(x)", 9),
      ("struct<`a:int>", 15), ("char", 5), ("decimal(39)", 9), ("decimal(2,3)", 11),
      ("decimal(99999999999999999999)", 9), ("char(99999999999)", 6), ("varchar(-1)", 9),
      ("geometry(99999999999)", 10), ("geography(-1)", 11),
    ])
  func refusals(text: String, position: Int) {
    #expect {
      _ = try DataType(ddl: text)
    } throws: { error in
      guard let error = error as? DataTypeError else { return false }
      return error.message.contains("'\(text)'") && error.message.contains("character \(position)")
    }
  }

  @Test("nesting without end is refused, not followed")
  func depth() {
    let text = String(repeating: "array<", count: 100_000)
    #expect(throws: DataTypeError.self) { _ = try DataType(ddl: text) }
  }

  @Test("column lists")
  func columns() throws {
    let text = "id bigint not null, scores array<float>, `my col` struct<x:int>"
    let schema = try StructType(ddl: text)
    #expect(
      schema
        == StructType([
          StructField("id", .long, isNullable: false), StructField("scores", .array(.float)),
          StructField("my col", .struct(["x": .integer])),
        ]))
    #expect(schema.ddl == text)
    #expect(try StructType(ddl: "struct<a:int>") == ["a": .integer])
    #expect(try StructType(ddl: "") == [])
    #expect(throws: DataTypeError.self) { _ = try StructType(ddl: "id bigint,") }
  }

  @Test(
    "names that need quotes survive",
    arguments: ["a`b", "", "1a", "a b", "ä", "order", "a,b", "a.b", "`", "a`\u{301}b"])
  func quoting(name: String) throws {
    let schema = StructType([StructField(name, .integer)])
    #expect(try StructType(ddl: schema.ddl) == schema)
  }

  @Test("fields are found by name, then by the only one that differs in case")
  func lookup() {
    let schema: StructType = ["Id": .long, "a": .integer, "A": .string]
    #expect(schema["id"]?.type == .long)
    #expect(schema["A"]?.type == .string)
    #expect(schema["x"] == nil)
    let two: StructType = ["ab": .integer, "AB": .string]
    #expect(two["aB"] == nil)
  }

  @Test("the tree")
  func tree() {
    let schema: StructType = [
      "id": .long, "xs": .array(.integer, containsNull: false),
      "m": .map(.string, .struct(["x": .short])),
    ]
    #expect(
      schema.treeString == """
        root
         |-- id: long (nullable = true)
         |-- xs: array (nullable = true)
         |    |-- element: integer (containsNull = false)
         |-- m: map (nullable = true)
         |    |-- key: string (nullable = false)
         |    |-- value: struct (valueContainsNull = true)
         |    |    |-- x: short (nullable = true)

        """)
  }

  @Test("types go to Arrow and come back")
  func arrow() throws {
    let types: [DataType] = [
      .null, .boolean, .byte, .short, .integer, .long, .float, .double,
      .decimal(precision: 12, scale: 3), .string, .binary, .date, .timestamp, .timestampNTZ,
      .dayTimeInterval(), .yearMonthInterval(), .array(.array(.float)), .map(.string, .integer),
      .struct(["a": .array(.string)]),
    ]
    for type in types { #expect(try DataType(arrow: type.arrowType()) == type) }
    #expect(try DataType(arrow: .time64(.microsecond)) == .time())
    #expect(try DataType(arrow: .uint64) == .decimal(precision: 20, scale: 0))
  }
}
