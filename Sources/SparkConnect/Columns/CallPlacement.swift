import FoundationEssentials
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
        $0.alias.expr = replaced
        $0.alias.name = [label]
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
    return .column(name)
  }

  /// The table with the calls as further columns.
  func below(_ input: Spark_Connect_Relation) -> Spark_Connect_Relation {
    .with {
      $0.withColumns.input = input
      $0.withColumns.aliases = aliases
    }
  }
}

extension Spark_Connect_Expression {
  /// The column of exactly this name.
  static func column(_ name: String) -> Self {
    .with { $0.unresolvedAttribute.unparsedIdentifier = SQLIdentifier.quoted(name) }
  }

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
    for child in children { try child.forEachCall(body) }
  }

  /// The expressions of which this one is made.
  var children: [Spark_Connect_Expression] {
    var found: [Spark_Connect_Expression] = []
    var copy = self
    copy.mapChildren { child in
      found.append(child)
      return child
    }
    return found
  }

  /// Replaces the expressions of which this one is made.
  mutating func mapChildren(
    _ transform: (Spark_Connect_Expression) throws -> Spark_Connect_Expression
  ) rethrows {
    switch exprType {
    case .unresolvedFunction(let function):
      unresolvedFunction.arguments = try function.arguments.map(transform)
    case .callFunction(let function):
      callFunction.arguments = try function.arguments.map(transform)
    case .commonInlineUserDefinedFunction(let function):
      commonInlineUserDefinedFunction.arguments = try function.arguments.map(transform)
    case .alias(let node): alias.expr = try transform(node.expr)
    case .cast(let node): cast.expr = try transform(node.expr)
    case .sortOrder(let order): sortOrder.child = try transform(order.child)
    case .window(let node):
      window.windowFunction = try transform(node.windowFunction)
      window.partitionSpec = try node.partitionSpec.map(transform)
      window.orderSpec = try node.orderSpec.map { order in
        var order = order
        order.child = try transform(order.child)
        return order
      }
    case .unresolvedExtractValue(let value):
      unresolvedExtractValue.child = try transform(value.child)
      unresolvedExtractValue.extraction = try transform(value.extraction)
    case .literal, .unresolvedAttribute, .expressionString, .unresolvedStar, nil: break
    }
  }
}
