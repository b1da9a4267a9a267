public import ArrowIPC
import FoundationEssentials
public import SparkTypes

/// One row of a result.
///
/// ```swift
/// for row in try await table.collect() { print(try row.get("id", as: Int.self)) }
/// ```
public struct Row: Sendable, Hashable {
  /// The names and types of the values.
  public let schema: StructType
  /// The values in the order of the schema.
  public let values: [ArrowValue]

  public init(schema: StructType, values: [ArrowValue]) {
    self.schema = schema
    self.values = values
  }

  /// The value of the column `name`, `nil` if there is no such column.
  public subscript(name: String) -> ArrowValue? {
    schema.fields.firstIndex { $0.name == name }.map { values[$0] }
  }

  public subscript(index: Int) -> ArrowValue { values[index] }

  /// The value of the column `name` as a Swift type: numbers, `Decimal`, `String`, `Bool`, `Date`,
  /// `Duration` (times of day, intervals of days), `Data`, arrays, dictionaries, optionals, or a
  /// `Decodable` for a struct. Numbers that the type does not hold exactly are refused; a decimal, or a
  /// double that is asked for as a `Float`, becomes the nearest.
  ///
  /// - Throws: `DecodingError` if there is no such column or the value is of another type.
  public func get<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws
    -> Value
  {
    guard let index = schema.fields.firstIndex(where: { $0.name == name }) else {
      throw DecodingError.valueNotFound(
        type,
        .init(
          codingPath: [],
          debugDescription: "there is no column '\(name)'; the row has "
            + schema.names.joined(separator: ", ")))
    }
    return try RowDecoder(values[index], schema.fields[index].type, path: [RowKey(name)])
      .decode(type)
  }

  /// The row as a `Decodable` value whose properties are named as the columns.
  ///
  /// - Throws: `DecodingError` naming the column that does not fit.
  public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try RowDecoder(.structure(values), .struct(schema), path: []).decode(type)
  }
}
