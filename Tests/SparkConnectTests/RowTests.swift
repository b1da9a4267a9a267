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
}
