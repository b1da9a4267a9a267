import ArrowIPC
import Foundation
import NeedletailTesting
import SparkConnectProtocol
import Testing

@testable import SparkConnect

/// Swift values as rows.
struct EncodingTests {
  struct Item: Codable, Sendable, Equatable {
    enum Kind: String, Codable { case cat, dog }
    struct Box: Codable, Sendable, Equatable {
      var x: Int8
      var y: Float
    }
    var id: Int
    var name: String?
    var kind: Kind
    var box: Box?
    var pixels: [Float]
    var tags: [String: Double]
    var at: Date
    var image: Data
    var huge: UInt64
    var isNew: Bool
  }

  private static let items = [
    Item(
      id: 1, name: nil, kind: .cat, box: nil, pixels: [0.5, 1], tags: [:],
      at: Date(timeIntervalSince1970: 1.5), image: Data([1]), huge: .max, isNew: true),
    Item(
      id: 2, name: "n", kind: .dog, box: .init(x: -3, y: 2), pixels: [], tags: ["k": 1],
      at: Date(timeIntervalSince1970: 0), image: Data(), huge: 0, isNew: false),
  ]

  private static let schema: StructType = [
    "id": .long, "kind": .string, "pixels": .array(.float), "tags": .map(.string, .double),
    "at": .timestamp, "image": .binary, "huge": .decimal(precision: 20, scale: 0),
    "isNew": .boolean, "name": .string, "box": .struct(["x": .byte, "y": .float]),
  ]

  /// The rows that `createDataFrame` sends for `values`.
  private func rows<Value: Encodable>(
    _ values: [Value], schema: StructType? = nil
  ) async throws -> (StructType, [Row]) {
    try await withSession { session, _ in
      let local = try await session.createDataFrame(values, schema: schema).relation.localRelation
      let sent = try StructType(ddl: local.schema)
      let batches = try ArrowStreamReader(Array(local.data)).readAll()
      let rows = batches.flatMap { batch in
        (0..<batch.rowCount).map { row in
          Row(schema: sent, values: batch.columns.map { $0.value(at: row) })
        }
      }
      return (sent, rows)
    }
  }

  @Test("properties become columns, whose types have room for all values")
  func inferred() async throws {
    let (schema, rows) = try await rows(Self.items)
    #expect(schema == Self.schema)
    #expect(try rows.map { try $0.decode(Item.self) } == Self.items)
  }

  @Test("a given schema converts numbers, leaves out columns and adds null ones")
  func given() async throws {
    let (schema, rows) = try await rows(
      Self.items,
      schema: [
        "box": .map(.string, .float), "id": .double, "huge": .decimal(precision: 38, scale: 2),
        "more": .date,
      ])
    #expect(schema.names == ["box", "id", "huge", "more"])
    #expect(rows[0]["box"] == .null)
    #expect(rows[1]["box"] == .map([(.string("x"), .float(-3)), (.string("y"), .float(2))]))
    #expect(rows[0]["id"] == .float(1))
    #expect(try rows[0].get("huge", as: String.self) == "18446744073709551615.00")
    #expect(rows[1]["more"] == .null)
  }

  @Test("times of day and timestamps of nanoseconds get them")
  func nanoseconds() async throws {
    struct Event: Codable, Sendable, Equatable {
      var at: Duration
      var seen: Date
      var noted: Date
      var lasted: Duration
    }
    let types: StructType = [
      "at": .time(), "seen": .timestampNanos(precision: 9),
      "noted": .timestampNTZNanos(precision: 9), "lasted": .dayTimeInterval(),
    ]
    let event = Event(
      at: .seconds(3600), seen: Date(timeIntervalSince1970: 1.5),
      noted: Date(timeIntervalSince1970: -2), lasted: .seconds(1))
    let (_, rows) = try await rows([event], schema: types)
    #expect(rows[0]["at"] == .int(3_600_000_000_000))
    #expect(rows[0]["seen"] == .int(1_500_000_000))
    #expect(rows[0]["noted"] == .int(-2_000_000_000))
    #expect(rows[0]["lasted"] == .int(1_000_000))
    #expect(try rows[0].decode(Event.self) == event)

    var wrong = [event, event, event, event]
    wrong[0].at = .seconds(-1)
    wrong[1].at = .seconds(86_400)
    wrong[2].seen = Date(timeIntervalSince1970: 1e12)
    wrong[3].noted = Date(timeIntervalSince1970: -1e12)
    for value in wrong {
      let error = await sparkError { _ = try await self.rows([value], schema: types) }
      #expect(error.message.contains("does not fit the column type"), "\(error)")
    }
  }

  @Test("plain values are one column")
  func plain() async throws {
    let (schema, rows) = try await rows(["a", nil, "b"] as [String?])
    #expect(schema == ["value": .string])
    #expect(rows.map { $0[0] } == [.string("a"), .null, .string("b")])
  }

  @Test("what has no type, or two, is refused by name")
  func refusals() async throws {
    struct Optional: Encodable, Sendable { var empty: [Int] = [] }
    struct Mixed: Encodable, Sendable {
      var isText: Bool
      enum Keys: CodingKey { case value }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        if isText {
          try container.encode("a", forKey: .value)
        } else {
          try container.encode(1, forKey: .value)
        }
      }
    }
    try await withSession { session, _ in
      let unknown = await sparkError { _ = try await session.createDataFrame([Optional()]) }
      #expect(unknown.message.contains("'empty'"))
      let mixed = await sparkError {
        _ = try await session.createDataFrame([Mixed(isText: true), Mixed(isText: false)])
      }
      #expect(mixed.message.contains("'value'") && mixed.message.contains("bigint"))
      let none = await sparkError { _ = try await session.createDataFrame([String]()) }
      #expect(none.message.contains("schema"))
      let misfit = await sparkError {
        _ = try await session.createDataFrame([["a"]], schema: ["value": .array(.array(.string))])
      }
      #expect(misfit.message.contains("value 0.value[0]"))
    }
  }

  @Test("decimals with more digits than declared, and values of other types, are refused by place")
  func misfits() async throws {
    struct Item: Encodable, Sendable {
      var prices: [Decimal]
    }
    let price = DataType.decimal(precision: 4, scale: 2)
    let most = Decimal(9999) / 100
    let items = [Item(prices: [1, most]), Item(prices: [-most, 100])]
    let row: [ArrowValue] = [.string("a"), .int(1)]
    try await withSession { session, _ in
      _ = try await session.createDataFrame([items[0]], schema: ["prices": .array(price)])
      let long = await sparkError {
        _ = try await session.createDataFrame(items, schema: ["prices": .array(price)])
      }
      #expect(
        long.message
          == "row 1, column 'prices'[1] is 100.00, which has 5 digits, and decimal(4,2) has 4; "
          + "declare more (up to 38), or round the number")
      await #expect {
        _ = try await session.createDataFrame([row], schema: ["a": .string, "b": .string])
      } throws: { error in
        (error as? ArrowError)?.context == "column 'b'"
      }
    }
  }

  @Test("a date that no timestamp holds is refused")
  func hugeDates() async throws {
    try await withSession { session, _ in
      _ = await #expect(throws: EncodingError.self) {
        _ = try await session.createDataFrame([Date(timeIntervalSince1970: 1e30)])
      }
    }
  }
}
