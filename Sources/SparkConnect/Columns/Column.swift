import SparkConnectProtocol
public import SparkTypes
import SwiftProtobuf

/// An expression over the columns of a table: a value that computes nothing until a query runs.
///
/// ```swift
/// table.filter(col("age") > 18 && col("name").isNotNull)
/// table.select(col("price") * 1.19, sqrt(col("area")).as("side"))
/// ```
public struct Column: Sendable {
  /// What an expression is, as far as those need to know who compute it without a server.
  package indirect enum Form: Sendable {
    /// The column of this name, as SQL spells it; `*` is all columns.
    case name(String)
    /// A field within structs, by its exact names from the outside to the inside.
    case path([String])
    case call(InlineFunction, [Column])
    case renamed(Column, String)
    /// One that a server computes.
    case other
  }

  package let form: Form
  /// The inline functions called within, with their arguments.
  let calls: [(function: InlineFunction, arguments: [Column])]
  /// Makes the expression for a server of the version.
  private let make:
    @Sendable (_ version: (major: Int, minor: Int)) throws -> Spark_Connect_Expression
  /// The expression as messages and unnamed columns show it.
  package let label: String

  /// An expression over other expressions: `build` fills it in from those of `children`.
  init(
    _ children: [Column] = [], label: String, form: Form = .other,
    _ build:
      @escaping @Sendable (
        inout Spark_Connect_Expression, [Spark_Connect_Expression]
      ) throws -> Void
  ) {
    calls = children.flatMap(\.calls)
    self.label = label
    self.form = form
    make = { version in
      var result = Spark_Connect_Expression()
      try build(&result, try children.map { try $0.expression(version) })
      return result
    }
  }

  /// An inline function applied to `arguments`.
  package init(_ function: InlineFunction, _ arguments: [Column]) {
    calls = arguments.flatMap(\.calls) + [(function, arguments)]
    form = .call(function, arguments)
    label = "\(function.name)(\(arguments.map(\.label).joined(separator: ", ")))"
    make = { version in
      let expressions = try arguments.map { try $0.expression(version) }
      let message = try function.message(
        expressions, names: arguments.map(\.label), version: version)
      return .with { $0.commonInlineUserDefinedFunction = message }
    }
  }

  func expression(_ version: (major: Int, minor: Int)) throws -> Spark_Connect_Expression {
    try make(version)
  }

  /// A function of Spark applied to `arguments`.
  static func function(
    _ name: String, _ arguments: [Column], isDistinct: Bool = false
  ) -> Column {
    Column(arguments, label: "\(name)(\(arguments.map(\.label).joined(separator: ", ")))") {
      result, expressions in
      result.unresolvedFunction.functionName = name
      result.unresolvedFunction.arguments = expressions
      result.unresolvedFunction.isDistinct = isDistinct
    }
  }

  // MARK: Names and types

  /// The column under the name `name`.
  public func `as`(_ name: String) -> Column {
    Column([self], label: name, form: .renamed(self, name)) { result, expressions in
      result.alias.expr = expressions[0]
      result.alias.name = [name]
    }
  }

  /// The column under another name, with metadata.
  ///
  /// - Parameters:
  ///   - name: its new name.
  ///   - metadata: a JSON object, which formats such as Parquet keep beside the column's type.
  public func `as`(_ name: String, metadata: String) -> Column {
    Column([self], label: name) { result, expressions in
      result.alias.expr = expressions[0]
      result.alias.name = [name]
      result.alias.metadata = metadata
    }
  }

  /// The column under the name `name`.
  public func alias(_ name: String) -> Column { `as`(name) }

  /// The values converted to `type`.
  public func cast(_ type: DataType) -> Column {
    Column([self], label: "CAST(\(label) AS \(type.ddl))") { result, expressions in
      result.cast.expr = expressions[0]
      result.cast.type = type.proto
    }
  }

  /// The values converted to the type that `ddl` names, for example `array<float>`.
  public func cast(_ ddl: String) -> Column {
    Column([self], label: "CAST(\(label) AS \(ddl))") { result, expressions in
      result.cast.expr = expressions[0]
      result.cast.typeStr = ddl
    }
  }

  // MARK: Parts

  private func extracting(_ key: Column, label: String) -> Column {
    Column([self, key], label: label) { result, expressions in
      result.unresolvedExtractValue.child = expressions[0]
      result.unresolvedExtractValue.extraction = expressions[1]
    }
  }

  /// The element at `index` of an array, from 0.
  public func getItem(_ index: Int) -> Column {
    extracting(lit(index), label: "\(label)[\(index)]")
  }

  /// The value under `key` of a map.
  public func getItem(_ key: String) -> Column { extracting(lit(key), label: "\(label)[\(key)]") }

  /// The field `name` of a struct.
  public func getField(_ name: String) -> Column {
    extracting(lit(name), label: "\(label).\(name)")
  }

  // MARK: Order

  private func ordered(
    _ direction: Spark_Connect_Expression.SortOrder.SortDirection,
    _ nulls: Spark_Connect_Expression.SortOrder.NullOrdering
  ) -> Column {
    Column([self], label: label) { result, expressions in
      result.sortOrder.child = expressions[0]
      result.sortOrder.direction = direction
      result.sortOrder.nullOrdering = nulls
    }
  }

  /// Ascending, nulls first.
  public var asc: Column { ordered(.ascending, .sortNullsFirst) }
  /// Ascending, nulls last.
  public var ascNullsLast: Column { ordered(.ascending, .sortNullsLast) }
  /// Descending, nulls last.
  public var desc: Column { ordered(.descending, .sortNullsLast) }
  /// Descending, nulls first.
  public var descNullsFirst: Column { ordered(.descending, .sortNullsFirst) }

  /// The column as a window function over rows partitioned and ordered so.
  public func over(partitionBy: [Column] = [], orderBy: [Column] = []) -> Column {
    let count = partitionBy.count
    return Column([self] + partitionBy + orderBy, label: label) { result, expressions in
      result.window.windowFunction = expressions[0]
      result.window.partitionSpec = Array(expressions[1..<1 + count])
      result.window.orderSpec = expressions[(1 + count)...].map(DataFrame.sortOrder)
    }
  }
}

extension Column: CustomStringConvertible {
  public var description: String { label }
}
