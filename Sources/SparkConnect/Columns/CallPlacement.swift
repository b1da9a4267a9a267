import Foundation
import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf

/// Where the inline functions within a transformation's columns are computed.
///
/// A function that is not declared deterministic counts for Spark as one that gives another value each
/// time: it computes it once for each row, wherever its column is used later. Two calls are two
/// computations then, even if they are equal; and there are places where Spark takes none.
enum CallPlacement {
  /// Where they stand.
  case inPlace
  /// Equal calls once, as a column of the input that goes away again.
  case sharingEqual
  /// All as columns of the input, for Spark takes none in aggregates.
  case beforehand
  /// Nowhere: Spark takes none, and for which table they are cannot be told from outside.
  case refused(place: String)
}

/// Moves calls of functions out of expressions, into columns of the table below.
struct HoistedCalls {
  /// The columns with the calls, by the calls' bytes.
  private var names: [Data: String] = [:]
  private(set) var aliases: [Spark_Connect_Expression.Alias] = []

  /// - Parameters:
  ///   - expressions: what a transformation asks for.
  ///   - labels: what its columns are called if they have no names, by position.
  mutating func hoist(
    _ expressions: [Spark_Connect_Expression], labels: [String], _ placement: CallPlacement
  ) throws -> [Spark_Connect_Expression] {
    let least: Int
    switch placement {
    case .inPlace: return expressions
    case .sharingEqual: least = 2
    case .beforehand, .refused: least = 1
    }
    var counts: [Data: Int] = [:]
    var first: String?
    for expression in expressions {
      try expression.forEachCall { call in
        guard !call.deterministic else { return }
        first = first ?? call.functionName
        let bytes: Data = try call.serializedBytes()
        counts[bytes, default: 0] += 1
      }
    }
    guard let first else { return expressions }
    if case .refused(let place) = placement {
      throw SparkError(
        .invalidArgument,
        "\(place) calls the function '\(first)', which Spark does not take there, for it computes "
          + "conditions as often as it likes. Make the prediction a column of its table before: "
          + "table.withColumn(\"prediction\", \(first)(...)), then use col(\"prediction\")")
    }
    let wanted = counts.filter { $0.value >= least }
    if wanted.isEmpty { return expressions }
    return try zip(expressions, labels).map { expression, label in
      let replaced = try replacing(expression, wanted)
      // The name that the column would have had.
      guard replaced != expression, replaced.isUnnamedValue else { return replaced }
      return .with {
        $0.alias = .with {
          $0.expr = replaced
          $0.name = [label]
        }
      }
    }
  }

  private mutating func replacing(
    _ expression: Spark_Connect_Expression, _ wanted: [Data: Int]
  ) throws -> Spark_Connect_Expression {
    if case .commonInlineUserDefinedFunction(let call) = expression.exprType, !call.deterministic {
      let bytes: Data = try call.serializedBytes()
      if wanted[bytes] != nil { return column(of: call, bytes) }
    }
    var result = expression
    try result.mapChildren { try replacing($0, wanted) }
    return result
  }

  private mutating func column(
    of call: Spark_Connect_CommonInlineUserDefinedFunction, _ bytes: Data
  ) -> Spark_Connect_Expression {
    let name: String
    if let known = names[bytes] {
      name = known
    } else {
      name = "needletail.call.\(UUID().uuidString.lowercased())"
      names[bytes] = name
      aliases.append(
        .with {
          $0.expr = .with { $0.commonInlineUserDefinedFunction = call }
          $0.name = [name]
        })
    }
    return .with {
      $0.unresolvedAttribute = .with { $0.unparsedIdentifier = SQLIdentifier.quoted(name) }
    }
  }

  /// The table with the calls as further columns.
  func below(_ input: Spark_Connect_Relation) -> Spark_Connect_Relation {
    .with {
      $0.withColumns = .with {
        $0.input = input
        $0.aliases = aliases
      }
    }
  }

  /// A table without the columns of the calls.
  func dropped(from table: Spark_Connect_Relation) -> Spark_Connect_Relation.OneOf_RelType {
    .drop(
      .with {
        $0.input = table
        $0.columnNames = aliases.map { $0.name[0] }
      })
  }
}

extension Spark_Connect_Expression {
  /// Functions that make rows, and name the columns of these.
  private static let generators: Set = [
    "explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "stack",
    "json_tuple",
  ]

  /// Whether it is a value to which a name can be given.
  fileprivate var isUnnamedValue: Bool {
    switch exprType {
    case .alias, .sortOrder, .unresolvedStar: false
    // Several columns, or one that Spark has a name for.
    case .unresolvedFunction(let function): !Self.generators.contains(function.functionName)
    case .callFunction(let function): !Self.generators.contains(function.functionName)
    default: true
    }
  }

  /// Calls `body` with all calls of inline functions, outer ones before those in their arguments.
  func forEachCall(
    _ body: (Spark_Connect_CommonInlineUserDefinedFunction) throws -> Void
  ) rethrows {
    if case .commonInlineUserDefinedFunction(let call) = exprType { try body(call) }
    var copy = self
    try copy.mapChildren {
      try $0.forEachCall(body)
      return $0
    }
  }

  /// Replaces the expressions of which this one is made.
  mutating func mapChildren(
    _ transform: (Spark_Connect_Expression) throws -> Spark_Connect_Expression
  ) rethrows {
    switch exprType {
    case .unresolvedFunction(var function):
      function.arguments = try function.arguments.map(transform)
      exprType = .unresolvedFunction(function)
    case .callFunction(var function):
      function.arguments = try function.arguments.map(transform)
      exprType = .callFunction(function)
    case .commonInlineUserDefinedFunction(var function):
      function.arguments = try function.arguments.map(transform)
      exprType = .commonInlineUserDefinedFunction(function)
    case .alias(var alias):
      alias.expr = try transform(alias.expr)
      exprType = .alias(alias)
    case .cast(var cast):
      cast.expr = try transform(cast.expr)
      exprType = .cast(cast)
    case .sortOrder(var order):
      order.child = try transform(order.child)
      exprType = .sortOrder(order)
    case .window(var window):
      window.windowFunction = try transform(window.windowFunction)
      window.partitionSpec = try window.partitionSpec.map(transform)
      window.orderSpec = try window.orderSpec.map { order in
        var order = order
        order.child = try transform(order.child)
        return order
      }
      exprType = .window(window)
    case .unresolvedExtractValue(var value):
      value.child = try transform(value.child)
      value.extraction = try transform(value.extraction)
      exprType = .unresolvedExtractValue(value)
    case .literal, .unresolvedAttribute, .expressionString, .unresolvedStar, nil: break
    }
  }
}
