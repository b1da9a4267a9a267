import ArrowIPC
import Foundation
import SparkConnect
import Testing

/// Types, names and values of a real Spark.
@Suite(.serialized)
struct ClientTypeTests {
  /// The part of a version that a type needs.
  private static func has(_ spark: SparkSession, _ minor: Int) -> Bool {
    spark.majorMinorVersion >= (4, minor)
  }

  @Test("types are named as in PySpark, and their values come")
  func types() async throws {
    try await withSpark { spark, _ in
      var columns = [
        ("'x' collate UNICODE_CI", "string collate UNICODE_CI"),
        ("interval '1' day", "interval day"),
        ("interval '2' hour", "interval hour"),
        ("interval '1-2' year to month", "interval year to month"),
        ("interval '2' month", "interval month"), ("make_interval(1,2,3,4,5,6,7.5)", "interval"),
        ("parse_json('[1]')", "variant"), ("cast('abc' as char(5))", "string"),
      ]
      if Self.has(spark, 1) {
        try await spark.conf.set("spark.sql.timeType.enabled", "true")
        columns += [("time'12:34:56'", "time(6)"), ("cast('01:02:03' as time(0))", "time(0)")]
      }
      if Self.has(spark, 3) {
        try await spark.conf.set("spark.sql.timestampNanosTypes.enabled", "true")
        let wkb = "X'0101000000000000000000F03F0000000000000040'"
        columns += [
          ("st_geomfromwkb(\(wkb))", "geometry(0)"), ("st_geogfromwkb(\(wkb))", "geography(4326)"),
          ("cast('2024-01-02' as timestamp_ntz(9))", "timestamp_ntz(9)"),
        ]
      }
      let list = columns.enumerated().map { "\($1.0) as c\($0)" }.joined(separator: ", ")
      let table = try await spark.sql("select \(list)")
      #expect(try await table.schema().fields.map(\.type.ddl) == columns.map(\.1))
      let row = try #require(try await table.collect().first)
      #expect(row.values.allSatisfy { $0 != .null }, "\(row)")
      if Self.has(spark, 1) {
        let index = columns.count - (Self.has(spark, 3) ? 5 : 2)
        #expect(row[index] == .int((12 * 3600 + 34 * 60 + 56) * 1_000_000_000))
      }
    }
  }

  @Test("types that a client makes: tables, casts, nulls")
  func sent() async throws {
    try await withSpark { spark, _ in
      var schema: StructType = [
        "s": .collatedString(collation: "UNICODE_CI"), "d": .dayTimeInterval(),
        "a": .array(.decimal(precision: 20, scale: 0)),
      ]
      var values: [ArrowValue] = [.string("x"), .int(86_400_000_000), .list([.null])]
      if Self.has(spark, 1) {
        try await spark.conf.set("spark.sql.timeType.enabled", "true")
        schema.fields.append(StructField("t", .time(precision: 3)))
        values.append(.int(1_000_000))
      }
      let table = try await spark.createDataFrame([values], schema: schema)
      #expect(try await table.schema() == schema)
      #expect(try await table.collect().map(\.values) == [values])
      let cast = spark.range(1).select(null(schema[0].type).as("n"), lit("x").cast(schema[0].type))
      #expect(try await cast.schema()[0].type == schema[0].type)
      struct Price: Codable, Sendable, Equatable {
        var price: Decimal
        var counts: [Int: String]
      }
      let prices = [Price(price: Decimal(string: "-1.50")!, counts: [7: "a"])]
      let sent = try await spark.createDataFrame(prices)
      #expect(try await sent.collect(as: Price.self) == prices)
      #expect(try await sent.schema()["price"]?.type == .decimal(precision: 38, scale: 18))
    }
  }

  @Test("maps and decimals decode")
  func decoding() async throws {
    try await withSpark { spark, _ in
      struct M: Decodable, Sendable, Equatable { var m: [Int: String] }
      let maps = try await spark.sql("select map(1,'a') m").collect(as: M.self)
      #expect(maps == [M(m: [1: "a"])])
      let row = try #require(try await spark.sql("select 1.50BD d").first())
      #expect(try row.get("d", as: Decimal.self) == Decimal(string: "1.50"))
    }
  }

  @Test("nulls are replaced by numbers of any width, conditions stand in words")
  func words() async throws {
    try await withSpark { spark, _ in
      let gaps = try await spark.sql("select * from values (1, null), (2, 3) t(a, b)")
      #expect(try await gaps.fillna(0).collect().map { try $0.get("b", as: Int.self) } == [0, 3])
      let float = try await spark.sql("select cast(null as float) b").fillna(Float(1.5)).first()
      #expect(try float?.get("b", as: Float.self) == 1.5)
      #expect(try await spark.range(10).where("id > 5").count() == 4)
      #expect(try await spark.range(10).join(spark.range(5), on: "id").count() == 5)
    }
  }

  @Test("names with dots, commas and back-ticks")
  func names() async throws {
    try await withSpark { spark, folder in
      let odd = ["a.b", "odd`name", "a,b", "c=d", " lead", "st_point(1.0, 2.0)"]
      let table = spark.range(3).select(odd.map { col("id").as($0) })
      let read = table.select(odd.map { column(named: $0) })
      #expect(try await read.columns == odd)
      for name in odd {
        let sum = try await read.agg(sum(column(named: name))).collect()
        #expect(sum[0][0] == .int(3))
      }
      let nested = spark.range(1).select(structure(col("id").as("x.y")).as("s.t"))
      #expect(try await nested.select(column(path: ["s.t", "x.y"])).collect()[0][0] == .int(0))
      #expect(SQLIdentifier("odd`name").description == "`odd``name`")
    }
  }

  @Test("a vector of Spark ML keeps its class, and becomes an array")
  func vectors() async throws {
    try await withSpark { spark, folder in
      try "1 1:1.5 3:2.5\n".write(toFile: folder + "/v.libsvm", atomically: true, encoding: .utf8)
      let table = spark.read.format("libsvm").option("numFeatures", 3).load(folder + "/v.libsvm")
      let schema = try await table.schema()
      #expect(schema.ddl == "label double, features vector")
      let rows = try await table.collect()
      struct Vector: Decodable { var indices: [Int], values: [Double] }
      let vector = try rows[0].get("features", as: Vector.self)
      #expect(vector.indices == [0, 2] && vector.values == [1.5, 2.5])
      for column in [
        callFunction("vector_to_array", "features"), vectorToArray("features"),
        unresolvedFunction("vector_to_array", "features", lit("float64")),
      ] {
        let arrays = table.select(column.as("a"))
        #expect(try await arrays.schema()[0].type == .array(.double, containsNull: false))
        #expect(try await arrays.collect()[0].get("a", as: [Double].self) == [1.5, 0, 2.5])
      }
      let floats = try await table.select(vectorToArray("features", of: .float).as("a")).schema()
      #expect(floats[0].type == .array(.float, containsNull: false))
      let back = table.select(arrayToVector(vectorToArray("features")).as("v"))
      #expect(try await back.schema().ddl == "v vector")
    }
  }
}
