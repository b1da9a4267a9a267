import ArrowIPC
import Foundation
import NeedletailTesting
import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf
import Testing

@testable import SparkConnect

/// Columns of every type as a real server of Spark 4.3 sends them, against PySpark's own reading of
/// them; made by make_spark_types.py.
struct ServerTypeTests {
  struct Golden: Decodable {
    struct Column: Decodable, CustomTestStringConvertible {
      var column: String
      var schema: Data
      var arrow: Data
      var type: String?
      var value: String?
      var testDescription: String { column }
    }
    var columns: [Column]
  }

  static let golden: [Golden.Column] = {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "spark_types.json")
    do {
      return try JSONDecoder().decode(Golden.self, from: try Data(contentsOf: path)).columns
    } catch {
      Issue.record("\(path.path): \(error)")
      return []
    }
  }()

  /// A value in the words of make_spark_types.py.
  private static func text(_ value: ArrowValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .uint(let value): "\(value)"
    case .float(let value): "\(value)"
    case .decimal(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .binary(let bytes):
      "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    case .interval(let months, let days, let nanoseconds): "\(months) \(days) \(nanoseconds)"
    case .list(let values): "[" + values.map(text).joined(separator: ",") + "]"
    case .structure(let values): "{" + values.map(text).joined(separator: ",") + "}"
    case .map(let entries):
      "(" + entries.map { text($0.key) + ":" + text($0.value) }.joined(separator: ",") + ")"
    }
  }

  @Test("names and values are PySpark's", arguments: golden)
  func column(_ golden: Golden.Column) async throws {
    let message = try Spark_Connect_DataType(serializedBytes: golden.schema)
    let type = DataType(message)
    guard case .struct(let fields) = type else {
      Issue.record("no schema")
      return
    }
    if let name = golden.type {
      // PySpark neither quotes names nor tells of nulls there.
      let words = fields[0].type.ddl.replacing(" not null", with: "").replacing("`", with: "")
      #expect(words == name)
    }
    // The type goes back to the server as it came.
    #expect(DataType(type.proto) == type)

    let rows = try await withSession { session, server in
      server.onExecute { _ in
        var response = Spark_Connect_ExecutePlanResponse()
        response.schema = message
        response.arrowBatch.rowCount = 1
        response.arrowBatch.data = golden.arrow
        return [.respond(response)]
      }
      return try await session.table("t").collect()
    }
    let row = try #require(rows.first)
    #expect(row.schema == fields)
    if let value = golden.value { #expect(Self.text(row[0]) == value) }

    // Arrow's form is what the server wrote, but for collations and parts of intervals.
    let reader = try ArrowStreamReader(Array(golden.arrow))
    #expect(try fields.arrowSchema().fields.map(\.type) == Self.inUTC(reader.schema.fields))
    if !golden.column.contains("collate"), !golden.column.contains("interval") {
      #expect(try StructType(arrow: reader.schema) == fields)
    }
  }

  /// The types with the time zone that ``StructType/arrowSchema(timeZone:)`` writes.
  private static func inUTC(_ fields: [ArrowField]) -> [ArrowType] {
    fields.map { field in
      guard case .timestamp(let unit, .some) = field.type else { return field.type }
      return .timestamp(unit, timeZone: "UTC")
    }
  }

  @Test("a kind that is younger than this client is carried, shown and sent back as it came")
  func unknownKind() async throws {
    // Field 41 with a message of one field.
    let bytes: [UInt8] = [0xCA, 0x02, 0x02, 0x08, 0x03]
    let message = try Spark_Connect_DataType(serializedBytes: bytes)
    #expect(message.kind == nil)
    let type = DataType(message)
    #expect(type == .unknown(UnknownDataType(kind: 41, message: bytes)))
    #expect(type.ddl == "unknown(41)")
    let sent: [UInt8] = try type.proto.serializedBytes()
    #expect(sent == bytes)
    let nested = DataType.array(.struct(["x": type]), containsNull: false)
    #expect(DataType(nested.proto) == nested)
  }

  @Test("an interval with its first field alone has that one")
  func partsOfIntervals() {
    var message = Spark_Connect_DataType()
    message.dayTimeInterval.startField = 1
    #expect(DataType(message) == .dayTimeInterval(from: .hour, to: .hour))
    message.yearMonthInterval = .init()
    #expect(DataType(message) == .yearMonthInterval())
    message.dayTimeInterval.startField = 9
    guard case .unknown = DataType(message) else {
      Issue.record("a field that does not exist")
      return
    }
  }

  @Test("a vector's class goes to the server and back")
  func userDefined() {
    let vector = DataType.userDefined(
      UserDefinedType(
        jvmClass: "org.apache.spark.ml.linalg.VectorUDT",
        pythonClass: "pyspark.ml.linalg.VectorUDT"))
    #expect(vector.proto.udt.type == "udt")
    #expect(vector.proto.udt.jvmClass == "org.apache.spark.ml.linalg.VectorUDT")
    #expect(!vector.proto.udt.hasSqlType)
    #expect(DataType(vector.proto) == vector)
  }
}
