import ArrowIPC
import Foundation
import SparkConnect
import Testing

/// Rows as Swift values.
struct RowTests {
  private let row = Row(
    schema: [
      "id": .long, "score": .float, "name": .string, "day": .date, "at": .timestamp,
      "image": .binary, "pixels": .array(.integer),
      "box": .struct(["x": .integer, "label": .string]), "tags": .map(.string, .double),
      "price": .decimal(precision: 10, scale: 2), "missing": .integer,
    ],
    values: [
      .int(7), .float(0.5), .string("cat"), .int(2), .int(1_500_000), .binary([1, 255]),
      .list([.int(1), .null, .int(3)]), .structure([.int(4), .string("b")]),
      .map([(.string("k"), .float(2))]), .decimal(ArrowDecimal(bytes: [26, 4], scale: 2)), .null,
    ])

  struct Box: Decodable, Hashable, Sendable {
    var x: Int8
    var label: String
  }

  struct Everything: Decodable, Hashable, Sendable {
    var id: UInt16
    var score: Float
    var name: String
    var day: Date
    var at: Date
    var image: Data
    var pixels: [Int?]
    var box: Box
    var tags: [String: Double]
    var price: String
    var missing: Int?
  }

  @Test("a row decodes into a type with properties named as the columns")
  func everything() throws {
    let value = try row.decode(Everything.self)
    #expect(
      value
        == Everything(
          id: 7, score: 0.5, name: "cat", day: Date(timeIntervalSince1970: 172_800),
          at: Date(timeIntervalSince1970: 1.5), image: Data([1, 255]), pixels: [1, nil, 3],
          box: Box(x: 4, label: "b"), tags: ["k": 2], price: "10.50", missing: nil))
  }

  @Test("single values")
  func single() throws {
    #expect(try row.get("id", as: Int.self) == 7)
    #expect(try row.get("price", as: Double.self) == 10.5)
    #expect(try row.get("missing", as: Int?.self) == nil)
    #expect(try row.get("id", as: Int?.self) == 7)
    #expect(try row.get("box", as: Box.self) == Box(x: 4, label: "b"))
    #expect(row["name"] == .string("cat"))
    #expect(row[0] == .int(7))
    #expect(row["none"] == nil)
  }

  @Test("what does not fit names the column")
  func misfits() {
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return ""
    }
    #expect(message { _ = try row.get("name", as: Int.self) }.contains("'name'"))
    #expect(message { _ = try row.get("none", as: Int.self) }.contains("'none'"))
    #expect(message { _ = try row.get("missing", as: Int.self) }.contains("missing"))
    struct Narrow: Decodable { var at: Int8 }
    #expect(message { _ = try row.decode(Narrow.self) }.contains("'at'"))
    struct Other: Decodable { var other: Int }
    #expect(message { _ = try row.decode(Other.self) }.contains("'other'"))
  }

  private static func decimal(_ text: String, scale: Int) throws -> ArrowValue {
    .decimal(try #require(ArrowDecimal(text, byteWidth: 16, scale: scale)))
  }

  @Test("maps of every kind of key")
  func maps() throws {
    let row = Row(
      schema: [
        "i": .map(.integer, .string), "l": .map(.long, .array(.double)),
        "s": .map(.string, .integer),
        "d": .map(.date, .boolean), "x": .map(.decimal(precision: 4, scale: 1), .string),
        "b": .map(.boolean, .map(.integer, .string)), "big": .map(.integer, .integer),
      ],
      values: [
        .map([(.int(1), .string("a")), (.int(-2), .string("b"))]),
        .map([(.int(1 << 40), .list([.float(0.5)]))]), .map([(.string("k"), .null)]),
        .map([(.int(2), .bool(true))]),
        .map([(try Self.decimal("1.5", scale: 1), .string("x"))]),
        .map([(.bool(false), .map([(.int(3), .string("c"))]))]),
        .map((0..<500).map { (.int(Int64($0)), .int(Int64($0 * 2))) }),
      ])
    #expect(try row.get("i", as: [Int: String].self) == [1: "a", -2: "b"])
    #expect(try row.get("i", as: [Int32: String].self) == [1: "a", -2: "b"])
    #expect(try row.get("l", as: [Int64: [Double]].self) == [1 << 40: [0.5]])
    #expect(try row.get("s", as: [String: Int?].self) == ["k": nil])
    let days = try row.get("d", as: [Date: Bool].self)
    #expect(days == [Date(timeIntervalSince1970: 172_800): true])
    #expect(try row.get("x", as: [Decimal: String].self) == [Decimal(string: "1.5")!: "x"])
    #expect(try row.get("b", as: [Bool: [Int: String]].self) == [false: [3: "c"]])
    #expect(try row.get("big", as: [Int: Int].self).count == 500)
    #expect(throws: DecodingError.self) { _ = try row.get("s", as: [Int: Int?].self) }
    #expect(throws: DecodingError.self) { _ = try row.get("l", as: [Int8: [Double]].self) }
    struct M: Decodable, Equatable { var i: [Int: String] }
    #expect(try row.decode(M.self) == M(i: [1: "a", -2: "b"]))
  }

  @Test("decimals are exact")
  func decimals() throws {
    let digits = "-12345678901234567890.123456789012345678"
    let row = Row(
      schema: [
        "d": .decimal(precision: 10, scale: 2), "long": .decimal(precision: 38, scale: 18),
        "whole": .decimal(precision: 20, scale: 0), "i": .long, "f": .double, "t": .timestamp,
      ],
      values: [
        try Self.decimal("1.50", scale: 2), try Self.decimal(digits, scale: 18),
        try Self.decimal("18446744073709551615", scale: 0), .int(.max), .float(0.1), .int(0),
      ])
    #expect(try row.get("d", as: Decimal.self) == Decimal(string: "1.50"))
    #expect("\(try row.get("long", as: Decimal.self))" == digits)
    #expect(try row.get("whole", as: Decimal.self) == Decimal(UInt64.max))
    #expect(try row.get("whole", as: UInt64.self) == .max)
    #expect(try row.get("i", as: Decimal.self) == Decimal(Int64.max))
    #expect(try row.get("d", as: Decimal?.self) == Decimal(string: "1.5"))
    #expect(throws: DecodingError.self) { _ = try row.get("f", as: Decimal.self) }
    #expect(throws: DecodingError.self) { _ = try row.get("t", as: Decimal.self) }
    #expect(throws: DecodingError.self) { _ = try row.get("d", as: Int.self) }
    #expect(throws: DecodingError.self) { _ = try row.get("whole", as: Int64.self) }
  }

  @Test("numbers that a type does not hold exactly are refused")
  func exactness() throws {
    let row = Row(
      schema: ["i": .long, "d": .double, "whole": .decimal(precision: 4, scale: 2)],
      values: [
        .int((1 << 53) + 1), .float(1e300), try Self.decimal("3.00", scale: 2),
      ])
    #expect(throws: DecodingError.self) { _ = try row.get("i", as: Double.self) }
    #expect(throws: DecodingError.self) { _ = try row.get("i", as: Float.self) }
    #expect(throws: DecodingError.self) { _ = try row.get("d", as: Float.self) }
    #expect(throws: DecodingError.self) { _ = try row.get("d", as: Int.self) }
    #expect(try row.get("whole", as: Int.self) == 3)
  }

  @Test("times, intervals, variants, spatial objects and vectors")
  func laterTypes() throws {
    let vector = DataType.userDefined(
      UserDefinedType(jvmClass: "org.apache.spark.ml.linalg.VectorUDT"))
    let row = Row(
      schema: [
        "t": .time(), "iv": .dayTimeInterval(), "n": .timestampNTZNanos(precision: 9),
        "g": .geometry(srid: nil), "v": .variant, "vec": vector,
      ],
      values: [
        .int(3_600_000_000_001), .int(-1_500_000), .int(1_500_000_000),
        .structure([.int(4326), .binary([1])]), .structure([.binary([12]), .binary([1, 0, 0])]),
        .structure([.int(1), .null, .null, .list([.float(0.5), .float(2)])]),
      ])
    #expect(try row.get("t", as: Duration.self) == .nanoseconds(3_600_000_000_001))
    #expect(try row.get("t", as: Int64.self) == 3_600_000_000_001)
    #expect(try row.get("iv", as: Duration.self) == .milliseconds(-1500))
    #expect(try row.get("n", as: Date.self) == Date(timeIntervalSince1970: 1.5))
    struct Spatial: Decodable { var srid: Int, wkb: Data }
    #expect(try row.get("g", as: Spatial.self).srid == 4326)
    #expect(try row.get("g", as: Spatial.self).wkb == Data([1]))
    struct Variant: Decodable { var value: Data, metadata: Data }
    #expect(try row.get("v", as: Variant.self).metadata == Data([1, 0, 0]))
    struct Vector: Decodable { var type: Int8, size: Int?, values: [Double] }
    #expect(try row.get("vec", as: Vector.self).values == [0.5, 2])
    #expect(throws: DecodingError.self) { _ = try row.get("g", as: Duration.self) }
  }
}
