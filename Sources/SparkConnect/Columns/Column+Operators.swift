import SparkConnectProtocol
import SwiftProtobuf

/// A value that can stand where a column is expected: a column, or a literal.
public protocol ColumnConvertible: Sendable {
  /// The value as a column: itself, or a literal.
  var column: Column { get }
}

extension Column: ColumnConvertible { public var column: Column { self } }
extension Int: ColumnConvertible { public var column: Column { lit(self) } }
extension Int32: ColumnConvertible { public var column: Column { lit(self) } }
extension Int64: ColumnConvertible { public var column: Column { lit(self) } }
extension Double: ColumnConvertible { public var column: Column { lit(self) } }
extension Float: ColumnConvertible { public var column: Column { lit(self) } }
extension Bool: ColumnConvertible { public var column: Column { lit(self) } }
extension String: ColumnConvertible { public var column: Column { lit(self) } }

extension Column {
  private static func binary(
    _ operation: String, _ left: some ColumnConvertible, _ right: some ColumnConvertible
  ) -> Column {
    function(operation, [left.column, right.column])
  }

  /// The sum; beyond the range of integers an error, unless `spark.sql.ansi.enabled` is false.
  public static func + (left: Column, right: some ColumnConvertible) -> Column {
    binary("+", left, right)
  }
  /// The difference.
  public static func - (left: Column, right: some ColumnConvertible) -> Column {
    binary("-", left, right)
  }
  /// The product.
  public static func * (left: Column, right: some ColumnConvertible) -> Column {
    binary("*", left, right)
  }
  /// The quotient, with a fraction also for integers.
  public static func / (left: Column, right: some ColumnConvertible) -> Column {
    binary("/", left, right)
  }
  /// The remainder, with the sign of the dividend.
  public static func % (left: Column, right: some ColumnConvertible) -> Column {
    binary("%", left, right)
  }
  /// The negated number.
  public static prefix func - (column: Column) -> Column { function("negative", [column]) }

  /// Whether the values are equal; null if one is null.
  public static func == (left: Column, right: some ColumnConvertible) -> Column {
    binary("==", left, right)
  }
  /// Whether the values differ; null if one is null.
  public static func != (left: Column, right: some ColumnConvertible) -> Column {
    function("not", [binary("==", left, right)])
  }
  /// Whether the left value is smaller; null if one is null.
  public static func < (left: Column, right: some ColumnConvertible) -> Column {
    binary("<", left, right)
  }
  /// Whether the left value is smaller or equal; null if one is null.
  public static func <= (left: Column, right: some ColumnConvertible) -> Column {
    binary("<=", left, right)
  }
  /// Whether the left value is greater; null if one is null.
  public static func > (left: Column, right: some ColumnConvertible) -> Column {
    binary(">", left, right)
  }
  /// Whether the left value is greater or equal; null if one is null.
  public static func >= (left: Column, right: some ColumnConvertible) -> Column {
    binary(">=", left, right)
  }

  /// Whether both are true; null and false give false.
  public static func && (left: Column, right: Column) -> Column { binary("and", left, right) }
  /// Whether one is true; null and true give true.
  public static func || (left: Column, right: Column) -> Column { binary("or", left, right) }
  /// The opposite truth value; null stays null.
  public static prefix func ! (column: Column) -> Column { function("not", [column]) }

  /// Equality in which null equals null.
  public func eqNullSafe(_ other: some ColumnConvertible) -> Column {
    Self.binary("<=>", self, other)
  }

  /// Whether there is no value.
  public var isNull: Column { Self.function("isNull", [self]) }
  /// Whether there is a value.
  public var isNotNull: Column { Self.function("isNotNull", [self]) }
  /// Whether a number is NaN; false for null.
  public var isNaN: Column { Self.function("isNaN", [self]) }

  /// Whether the value is one of `values`.
  public func isin(_ values: [any ColumnConvertible]) -> Column {
    Self.function("in", [self] + values.map(\.column))
  }

  /// Whether the value lies from `low` to `high`, both included.
  public func between(_ low: some ColumnConvertible, _ high: some ColumnConvertible) -> Column {
    (self >= low) && (self <= high)
  }

  /// Whether the whole text matches a pattern of SQL: `%` is any text, `_` any character.
  public func like(_ pattern: String) -> Column { Self.binary("like", self, pattern) }
  /// Whether a part of the text matches a regular expression of Java's.
  public func rlike(_ pattern: String) -> Column { Self.binary("rlike", self, pattern) }
  /// Whether `other` stands somewhere in the text.
  public func contains(_ other: some ColumnConvertible) -> Column {
    Self.binary("contains", self, other)
  }
  /// Whether the text begins with `other`.
  public func startsWith(_ other: some ColumnConvertible) -> Column {
    Self.binary("startswith", self, other)
  }
  /// Whether the text ends with `other`.
  public func endsWith(_ other: some ColumnConvertible) -> Column {
    Self.binary("endswith", self, other)
  }
  /// The part of the text that begins at `position`, counted from 1, and has `length` characters at
  /// most.
  public func substr(_ position: Int, _ length: Int) -> Column {
    Self.function("substr", [self, lit(position), lit(length)])
  }

  /// Adds a case to ``when(_:_:)``.
  public func when(_ condition: Column, _ value: some ColumnConvertible) -> Column {
    appendingCase([condition, value.column])
  }

  /// The value where no case of ``when(_:_:)`` holds.
  public func otherwise(_ value: some ColumnConvertible) -> Column { appendingCase([value.column]) }

  private func appendingCase(_ more: [Column]) -> Column {
    Column([self] + more, label: label) { result, expressions in
      result = expressions[0]
      result.unresolvedFunction.arguments += expressions.dropFirst()
    }
  }
}
