import ArrowIPC
import Foundation
import SparkTypes
import Testing

/// Types that Spark got since version 4.0, parts of intervals, and types of libraries.
struct LaterTypeTests {
  private static let words: [(String, DataType)] = [
    ("time(6)", .time()), ("time(0)", .time(precision: 0)), ("time(9)", .time(precision: 9)),
    ("timestamp_ntz(9)", .timestampNTZNanos(precision: 9)),
    ("timestamp_ltz(7)", .timestampNanos(precision: 7)),
    ("geometry(0)", .geometry(srid: 0)), ("geometry(any)", .geometry(srid: nil)),
    ("geography(4326)", .geography(srid: 4326)), ("geography(any)", .geography(srid: nil)),
    ("string collate UNICODE_CI", .collatedString(collation: "UNICODE_CI")),
    ("interval day", .dayTimeInterval(from: .day, to: .day)),
    ("interval hour to minute", .dayTimeInterval(from: .hour, to: .minute)),
    ("interval month", .yearMonthInterval(from: .month, to: .month)),
    (
      "array<struct<t:time(3),g:geometry(0) not null>>",
      .array(
        .struct([
          StructField("t", .time(precision: 3)),
          StructField("g", .geometry(srid: 0), isNullable: false),
        ]))
    ),
    (
      "map<string collate UTF8_LCASE,time(6)>",
      .map(.collatedString(collation: "UTF8_LCASE"), .time())
    ),
  ]

  @Test("SQL's words", arguments: words)
  func ddl(text: String, type: DataType) throws {
    #expect(try DataType(ddl: text) == type)
    #expect(type.ddl == text)
    #expect(
      try StructType(ddl: "c \(text) not null").fields
        == [StructField("c", type, isNullable: false)])
  }

  @Test(
    "other spellings that Spark takes",
    arguments: [
      ("TIME", .time()), ("time(3) without time zone", .time(precision: 3)),
      ("timestamp(6)", .timestamp), ("timestamp_ntz(6)", .timestampNTZ),
      ("timestamp without time zone", .timestampNTZ),
      ("timestamp(8) with local time zone", .timestampNanos(precision: 8)),
      ("timestamp(9) without time zone", .timestampNTZNanos(precision: 9)),
      ("Geometry( ANY )", .geometry(srid: nil)), ("string collate utf8_binary", .string),
      ("string collate `de_CI`", .collatedString(collation: "de_CI")),
    ] as [(String, DataType)])
  func spellings(text: String, type: DataType) throws {
    #expect(try DataType(ddl: text) == type)
  }

  @Test(
    "what Spark refuses is refused",
    arguments: [
      "geometry", "geography()", "time(10)", "timestamp_ntz(0)", "interval month to year",
      "interval second to day", "string collate", "time(3) without", "udt",
    ])
  func refusals(text: String) {
    #expect(throws: DataTypeError.self) { _ = try DataType(ddl: text) }
  }

  @Test("Arrow's form is Spark's, with its marks, and comes back")
  func arrow() throws {
    let types = Self.words.map(\.1).filter { type in
      // Arrow knows neither parts of intervals nor collations.
      !type.ddl.contains("interval ") && !type.ddl.contains("collate")
    }
    for type in types + [.variant] {
      let schema = StructType([StructField("c", type, isNullable: false)])
      #expect(try StructType(arrow: try schema.arrowSchema()) == schema, "\(type)")
    }
    #expect(try DataType.time().arrowType() == .time64(.nanosecond))
    let collated = DataType.array(.collatedString(collation: "UNICODE_CI"))
    #expect(try DataType(arrow: try collated.arrowType()) == .array(.string))
    guard case .structure(let parts) = try DataType.geography(srid: 4326).arrowType() else {
      Issue.record("geographies are structs")
      return
    }
    #expect(parts.map(\.name) == ["srid", "wkb"])
    #expect(parts[1].metadata == ["geography": "true", "srid": "4326"])
    // A struct that is merely named like a variant is a struct.
    let plain: DataType = .struct([
      StructField("value", .binary, isNullable: false),
      StructField("metadata", .binary, isNullable: false),
    ])
    #expect(try DataType(arrow: plain.arrowType()) == plain)
  }

  @Test("vectors of Spark ML are known by their class")
  func vectors() throws {
    let vector = UserDefinedType(
      jvmClass: "org.apache.spark.ml.linalg.VectorUDT",
      pythonClass: "pyspark.ml.linalg.VectorUDT")
    #expect(DataType.userDefined(vector).ddl == "vector")
    #expect(
      try DataType(arrow: try DataType.userDefined(vector).arrowType()).ddl
        == "struct<type:tinyint not null,size:int,indices:array<int>,values:array<double>>")
    let other = DataType.userDefined(UserDefinedType(jvmClass: "com.example.PointUDT"))
    #expect(other.ddl == "udt")
    #expect {
      _ = try (["p": other] as StructType).arrowSchema()
    } throws: { "\($0)".contains("'p'") && "\($0)".contains("com.example.PointUDT") }
  }

  @Test("a type that is younger than this package is refused by its column")
  func unknown() throws {
    let type = DataType.unknown(UnknownDataType(kind: 41, message: [1, 2]))
    #expect {
      _ = try (["a": .struct(["b": type])] as StructType).arrowSchema()
    } throws: { "\($0)".contains("'a': 'b'") && "\($0)".contains("kind 41") }
  }

  @Test("schemas travel whole, nested nulls and libraries' types too")
  func coding() throws {
    let schema = StructType(
      Self.words.enumerated().map { StructField("c\($0)", $1.1, isNullable: $0 % 2 == 0) } + [
        StructField("list", .array(.long, containsNull: false)),
        StructField(
          "map", .map(.string, .array(.float, containsNull: false), valueContainsNull: false)),
        StructField("a.b`", .struct(["x": .variant]), metadata: "{\"k\":1}"),
        StructField(
          "v",
          .userDefined(
            UserDefinedType(jvmClass: "a.B", pythonClass: "b", sqlType: .array(.double)))),
        StructField("later", .unknown(UnknownDataType(kind: 41, message: [0xCA, 2, 0]))),
        StructField("named", .unparsed("whatever(3)")),
      ])
    let data = try JSONEncoder().encode(schema)
    #expect(try JSONDecoder().decode(StructType.self, from: data) == schema)
  }
}
