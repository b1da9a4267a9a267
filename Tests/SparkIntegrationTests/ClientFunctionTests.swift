import ArrowIPC
import Foundation
import SparkConnect
import Testing

/// Functions and operators as a real Spark computes them.
@Suite(.serialized)
struct ClientFunctionTests {
  private static let xs = array(lit(3), lit(1), lit(2))

  private static let cases: [(Column, ArrowValue)] = [
    (lit(7) % 4, .int(3)), (-lit(7), .int(-7)), (lit(7) / 2, .float(3.5)),
    (lit(1) == 1, .bool(true)), (lit(1) != 1, .bool(false)), (!(lit(1) >= 2), .bool(true)),
    (lit(1) < 2 && lit(2) <= 2, .bool(true)), (lit(1) > 2 || lit(true), .bool(true)),
    (null(.integer).eqNullSafe(null(.integer)), .bool(true)), (null(.integer).isNull, .bool(true)),
    (lit(1).isNotNull, .bool(true)), (lit(Double.nan).isNaN, .bool(true)),
    (lit(2).isin([1, 2]), .bool(true)), (lit(2).between(1, 3), .bool(true)),
    (lit("spark").like("s%k"), .bool(true)), (lit("spark").rlike("^s.a"), .bool(true)),
    (lit("spark").contains("par"), .bool(true)), (lit("spark").startsWith("sp"), .bool(true)),
    (lit("spark").endsWith("rk"), .bool(true)), (lit("spark").substr(2, 3), .string("par")),
    (lit("12").cast(.long), .int(12)), (lit("1.5").cast("float"), .float(1.5)),
    (when(lit(false), 1).when(lit(true), 2).otherwise(3), .int(2)),
    (when(lit(false), 1).otherwise(3), .int(3)),
    (abs(lit(-2)), .int(2)), (sqrt(lit(4)), .float(2)), (exp(lit(0)), .float(1)),
    (log(lit(1)), .float(0)), (log2(lit(8)), .float(3)), (log10(lit(100)), .float(2)),
    (pow(lit(2), 10), .float(1024)), (round(lit(2.567), 1), .float(2.6)),
    (floor(lit(2.5)), .int(2)), (ceil(lit(2.5)), .int(3)), (tanh(lit(0)), .float(0)),
    (signum(lit(-3.0)), .float(-1)), (greatest(lit(1), lit(3)), .int(3)),
    (least(lit(1), lit(3)), .int(1)), (coalesce(null(.integer), lit(4)), .int(4)),
    (nanvl(lit(Double.nan), lit(1.5)), .float(1.5)), (isnan(lit(1.0)), .bool(false)),
    (lower(lit("Ab")), .string("ab")), (upper(lit("Ab")), .string("AB")),
    (trim(lit(" a ")), .string("a")), (ltrim(lit(" a ")), .string("a ")),
    (rtrim(lit(" a ")), .string(" a")), (length(lit("abc")), .int(3)),
    (concat(lit("a"), lit("b")), .string("ab")),
    (concatWS("-", lit("a"), lit("b")), .string("a-b")),
    (split(lit("a,b"), ","), .list([.string("a"), .string("b")])),
    (substring(lit("spark"), 1, 2), .string("sp")),
    (substringIndex(lit("a.b.c"), ".", 2), .string("a.b")),
    (regexpReplace(lit("a1b2"), "[0-9]", ""), .string("ab")),
    (regexpExtract(lit("id=42"), "id=([0-9]+)", 1), .string("42")),
    (md5(lit("a")), .string("0cc175b9c0f1b6a831c399e269772661")),
    (
      sha2(lit("a"), 256),
      .string("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")
    ),
    (base64(lit([UInt8(1), 2])), .string("AQI=")), (unbase64(lit("AQI=")), .binary([1, 2])),
    (hash(lit(1)), .int(-559_580_957)), (xxHash64(lit(1)), .int(-6_698_625_589_789_238_999)),
    (size(xs), .int(3)), (elementAt(xs, 1), .int(3)), (xs.getItem(1), .int(1)),
    (arrayMax(xs), .int(3)), (arrayMin(xs), .int(1)), (arrayPosition(xs, 2), .int(3)),
    (arrayContains(xs, 9), .bool(false)), (sortArray(xs), .list([.int(1), .int(2), .int(3)])),
    (sortArray(xs, ascending: false), .list([.int(3), .int(2), .int(1)])),
    (slice(xs, 2, 2), .list([.int(1), .int(2)])),
    (flatten(array(xs, array(lit(9)))), .list([.int(3), .int(1), .int(2), .int(9)])),
    (arrayDistinct(array(lit(1), lit(1))), .list([.int(1)])),
    (arraysZip(array(lit(1)), array(lit(2))), .list([.structure([.int(1), .int(2)])])),
    (map(lit("a"), lit(1)), .map([(.string("a"), .int(1))])),
    (mapFromArrays(array(lit("a")), array(lit(1))).getItem("a"), .int(1)),
    (mapKeys(map(lit("a"), lit(1))), .list([.string("a")])),
    (mapValues(map(lit("a"), lit(1))), .list([.int(1)])),
    (structure(lit(1).as("a"), lit(2).as("b")).getField("b"), .int(2)),
    (namedStruct(lit("a"), lit(1)).getField("a"), .int(1)),
    (toJSON(namedStruct(lit("a"), lit(1))), .string(#"{"a":1}"#)),
    (
      fromJSON(lit(#"{"a":1,"b":[2]}"#), .struct(["a": .integer, "b": .array(.integer)])),
      .structure([.int(1), .list([.int(2)])])
    ),
    (toDate(lit("2024-03-01")), .int(19_783)),
    (toDate(lit("01/03/2024"), "dd/MM/yyyy"), .int(19_783)),
    (year(toDate(lit("2024-03-01"))), .int(2024)), (month(toDate(lit("2024-03-01"))), .int(3)),
    (dayofmonth(toDate(lit("2024-03-01"))), .int(1)),
    (hour(toTimestamp(lit("2024-03-01 05:06:07"))), .int(5)),
    (minute(toTimestamp(lit("2024-03-01 05:06:07"))), .int(6)),
    (lit(Date(timeIntervalSince1970: 1.5)), .int(1_500_000)),
    (lit([Float(1), 2]), .list([.float(1), .float(2)])), (lit(["a"]), .list([.string("a")])),
    (lit([UInt8(7)]), .binary([7])), (null(.string), .null),
    (expr("1 + 1"), .int(2)), (callFunction("bit_count", lit(7)), .int(3)),
  ]

  @Test("each function computes what it says")
  func functions() async throws {
    try await withSpark { spark, _ in
      let columns = Self.cases.enumerated().map { $1.0.as("c\($0)") }
      let values = try await spark.range(1).select(columns).collect()[0].values
      #expect(values.count == Self.cases.count)
      for (value, (column, expected)) in zip(values, Self.cases) {
        #expect(value == expected, "\(column)")
      }
    }
  }

  @Test("aggregates")
  func aggregates() async throws {
    try await withSpark { spark, _ in
      let row = try await spark.range(1, 5).coalesce(1).agg(
        sum("id"), avg("id"), mean("id"), min("id"), max("id"), count(), count("id"),
        countDistinct(col("id") % 2), first(lit(7)), last(lit(8)), stddev("id"), variance("id"),
        sortArray(collectList("id")), size(collectSet(col("id") % 2))
      ).collect()[0].values
      #expect(
        row == [
          .int(10), .float(2.5), .float(2.5), .int(1), .int(4), .int(4), .int(4), .int(2), .int(7),
          .int(8), .float(1.2909944487358056), .float(1.6666666666666667),
          .list([.int(1), .int(2), .int(3), .int(4)]), .int(2),
        ])
    }
  }

  @Test("functions without arguments, and of partitions")
  func others() async throws {
    try await withSpark { spark, _ in
      let row = try await spark.range(0, 10, partitions: 2).select(
        rand(seed: 3).as("r"), randn().as("n"), monotonicallyIncreasingID().as("m"),
        sparkPartitionID().as("p"), currentTimestamp().as("t"), currentDate().as("d"),
        inputFileName().as("f")
      ).collect()
      #expect(row.count == 10)
      #expect(row.allSatisfy { (try? $0.get("r", as: Double.self)).map { 0..<1 ~= $0 } == true })
      #expect(Set(row.map { $0["m"] }).count == 10)
      #expect(Set(row.map { $0["p"] }) == [.int(0), .int(1)])
      let time = try row[0].get("t", as: Date.self)
      #expect(Swift.abs(time.timeIntervalSinceNow) < 600)
    }
  }

  @Test("posexplode and explode_outer")
  func generators() async throws {
    try await withSpark { spark, _ in
      let table = spark.range(1).select(array(lit("a"), lit("b")).as("xs"))
      let positions = try await table.select(posexplode("xs")).collect().map(\.values)
      #expect(positions == [[.int(0), .string("a")], [.int(1), .string("b")]])
      let outer = try await table.select(slice("xs", 1, 0).as("xs")).select(explodeOuter("xs"))
        .collect().map(\.values)
      #expect(outer == [[.null]])
    }
  }
}
