public import FoundationEssentials
import SparkConnectProtocol
public import SparkTypes
import SwiftProtobuf

private func literal(
  _ label: String, _ fill: @escaping @Sendable (inout Spark_Connect_Expression.Literal) -> Void
) -> Column {
  Column(label: label) { result, _ in fill(&result.literal) }
}

/// An array of `values`, each of which `fill` makes a literal.
private func literal<Value: Sendable>(
  _ values: [Value], of type: DataType,
  _ fill: @escaping @Sendable (inout Spark_Connect_Expression.Literal, Value) -> Void
) -> Column {
  literal("array(\(values.count))") {
    $0.array.elementType = type.proto
    $0.array.elements = values.map { value in .with { fill(&$0, value) } }
  }
}

/// A literal: an `int` if the number fits one, else a `bigint`.
public func lit(_ value: Int) -> Column {
  literal("\(value)") {
    if let small = Int32(exactly: value) { $0.integer = small } else { $0.long = Int64(value) }
  }
}

/// An `int` literal.
public func lit(_ value: Int32) -> Column { literal("\(value)") { $0.integer = value } }

/// A `bigint` literal.
public func lit(_ value: Int64) -> Column { literal("\(value)") { $0.long = value } }

/// A `double` literal.
public func lit(_ value: Double) -> Column { literal("\(value)") { $0.double = value } }

/// A `float` literal.
public func lit(_ value: Float) -> Column { literal("\(value)") { $0.float = value } }

/// A `boolean` literal.
public func lit(_ value: Bool) -> Column { literal("\(value)") { $0.boolean = value } }

/// A `string` literal.
public func lit(_ value: String) -> Column { literal(value) { $0.string = value } }

/// A `binary` literal.
public func lit(_ value: [UInt8]) -> Column {
  literal("binary(\(value.count))") { $0.binary = Data(value) }
}

/// A `timestamp` literal, to the microsecond; a date that no timestamp can hold is an error of the query.
public func lit(_ value: Date) -> Column {
  // Foundation traps when it describes such a date.
  let micros = value.microseconds
  let seconds = value.timeIntervalSince1970
  return Column(label: micros == nil ? "\(seconds) seconds from 1970" : "\(value)") { result, _ in
    guard let micros else {
      throw SparkError(
        .invalidArgument,
        "the date that is \(seconds) seconds from 1970 fits no timestamp of Spark, which is at most "
          + "2^63 microseconds from 1970")
    }
    result.literal.timestamp = micros
  }
}

extension Date {
  /// A timestamp of Spark; `nil` if none holds the date.
  var microseconds: Int64? { Int64(exactly: (timeIntervalSince1970 * 1e6).rounded()) }
}

/// A null of type `type`.
public func null(_ type: DataType) -> Column { literal("NULL") { $0.null = type.proto } }

/// An `array<float>` literal.
public func lit(_ values: [Float]) -> Column { literal(values, of: .float) { $0.float = $1 } }

/// An `array<double>` literal.
public func lit(_ values: [Double]) -> Column { literal(values, of: .double) { $0.double = $1 } }

/// An `array<bigint>` literal.
public func lit(_ values: [Int64]) -> Column { literal(values, of: .long) { $0.long = $1 } }

/// An `array<string>` literal.
public func lit(_ values: [String]) -> Column { literal(values, of: .string) { $0.string = $1 } }

extension Column: ExpressibleByStringLiteral {
  /// A string where a column is expected names one: `table.select("id", "name")`.
  public init(stringLiteral name: String) { self = col(name) }
}

/// The column of exactly this name, whatever is in it: dots, commas, back-ticks.
public func column(named name: String) -> Column { column(path: [name]) }

/// A field within structs, by its exact names from the outside to the inside.
public func column(path: [String]) -> Column {
  Column(label: path.joined(separator: "."), form: .path(path)) { result, _ in
    result.unresolvedAttribute.unparsedIdentifier = SQLIdentifier.quoted(path: path)
  }
}

/// The column called `name`; `a.b` is field `b` of struct `a`, `*` all columns. Names that have dots or
/// back-ticks stand in back-ticks, as in SQL, or are given to ``column(named:)``.
public func col(_ name: String) -> Column {
  Column(label: name, form: .name(name)) { result, _ in
    if name == "*" {
      result.unresolvedStar = .init()
    } else if name.hasSuffix(".*") {
      result.unresolvedStar.unparsedTarget = name
    } else {
      result.unresolvedAttribute.unparsedIdentifier = name
    }
  }
}

/// An expression in SQL, for example `expr("length(name) > 3")`.
public func expr(_ sql: String) -> Column {
  Column(label: sql) { result, _ in result.expressionString.expression = sql }
}

/// A function that only the server's planner for Spark Connect knows, not its SQL: those of Spark ML and
/// of its extensions. It gets the arguments as PySpark's functions send them.
public func unresolvedFunction(_ name: String, _ arguments: Column...) -> Column {
  .function(name, arguments)
}

/// Any function that the server knows, built in or registered, by name.
public func callFunction(_ name: String, _ arguments: Column...) -> Column {
  // These two are in no catalogue; the planner for Spark Connect makes them itself.
  switch name {
  case "vector_to_array" where arguments.count == 1: return vectorToArray(arguments[0])
  case "vector_to_array", "array_to_vector": return .function(name, arguments)
  default: break
  }
  return Column(arguments, label: name) { result, expressions in
    result.callFunction.functionName = name
    result.callFunction.arguments = expressions
  }
}
