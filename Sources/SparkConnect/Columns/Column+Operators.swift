import SparkConnectProtocol
import SwiftProtobuf

/// A value that can stand where a column is expected: a column, or a literal.
public protocol ColumnConvertible: Sendable {
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

  public static func + (left: Column, right: some ColumnConvertible) -> Column {
    binary("+", left, right)
  }
  public static func - (left: Column, right: some ColumnConvertible) -> Column {
    binary("-", left, right)
  }
  public static func * (left: Column, right: some ColumnConvertible) -> Column {
    binary("*", left, right)
  }
  public static func / (left: Column, right: some ColumnConvertible) -> Column {
    binary("/", left, right)
  }
  public static func % (left: Column, right: some ColumnConvertible) -> Column {
    binary("%", left, right)
  }
  public static prefix func - (column: Column) -> Column { function("negative", [column]) }

  public static func == (left: Column, right: some ColumnConvertible) -> Column {
    binary("==", left, right)
  }
  public static func != (left: Column, right: some ColumnConvertible) -> Column {
    function("not", [binary("==", left, right)])
  }
  public static func < (left: Column, right: some ColumnConvertible) -> Column {
    binary("<", left, right)
  }
  public static func <= (left: Column, right: some ColumnConvertible) -> Column {
    binary("<=", left, right)
  }
  public static func > (left: Column, right: some ColumnConvertible) -> Column {
    binary(">", left, right)
  }
  public static func >= (left: Column, right: some ColumnConvertible) -> Column {
    binary(">=", left, right)
  }

  public static func && (left: Column, right: Column) -> Column { binary("and", left, right) }
  public static func || (left: Column, right: Column) -> Column { binary("or", left, right) }
  public static prefix func ! (column: Column) -> Column { function("not", [column]) }

  /// Equality in which null equals null.
  public func eqNullSafe(_ other: some ColumnConvertible) -> Column {
    Self.binary("<=>", self, other)
  }

  public var isNull: Column { Self.function("isNull", [self]) }
  public var isNotNull: Column { Self.function("isNotNull", [self]) }
  public var isNaN: Column { Self.function("isNaN", [self]) }

  /// Whether the value is one of `values`.
  public func isin(_ values: [any ColumnConvertible]) -> Column {
    Self.function("in", [self] + values.map(\.column))
  }

  public func between(_ low: some ColumnConvertible, _ high: some ColumnConvertible) -> Column {
    (self >= low) && (self <= high)
  }

  public func like(_ pattern: String) -> Column { Self.binary("like", self, pattern) }
  public func rlike(_ pattern: String) -> Column { Self.binary("rlike", self, pattern) }
  public func contains(_ other: some ColumnConvertible) -> Column {
    Self.binary("contains", self, other)
  }
  public func startsWith(_ other: some ColumnConvertible) -> Column {
    Self.binary("startswith", self, other)
  }
  public func endsWith(_ other: some ColumnConvertible) -> Column {
    Self.binary("endswith", self, other)
  }
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
    Column([self] + more, label: label) { expressions in
      var expression = expressions[0]
      expression.unresolvedFunction.arguments += expressions.dropFirst()
      return expression
    }
  }
}
