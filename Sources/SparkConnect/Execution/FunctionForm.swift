import FoundationEssentials
import SparkConnectProtocol
package import SparkTypes
import SwiftProtobuf

/// A call of an inline function as a query carries it to the server.
package struct SentFunction: Sendable {
  package let name: String
  /// What the function gives.
  package let returnType: DataType
  /// How many columns it takes; 0 for one over whole batches.
  package let argumentCount: Int
  /// The bytes that the executors' worker gets.
  package var command: [UInt8]
  /// Spark's number of the way in which the function sees data.
  package var evaluationType: Int32
  /// What the worker reads where Python's version stands.
  package var pythonVersion: String
  /// Whether a column that nobody reads is given to it, because the form needs one to count the rows by.
  package var takesPlaceholder = false
  /// The columns that pass by it, in whole batches; `nil` where it sees its arguments alone. The arguments
  /// stand behind them, and in their place comes what the function gives.
  package var passing: StructType?
}

/// What becomes of the calls of inline functions as a query is sent, where they cannot be sent as they are.
///
/// Which form a server needs is known only when the program is brought to its executors, and queries are
/// made before.
package struct FunctionForm: Sendable {
  /// Makes the changes; `settings` are the session's.
  package let apply:
    @Sendable (_ function: inout SentFunction, _ settings: [String: String]) throws -> Void
  /// The settings that ``apply`` wants.
  package let settings: [String]
  /// Whether the server takes functions over whole batches alone: then a call that gives a column becomes
  /// one, where it can (``CarriedCalls``).
  package let carriesColumns: Bool

  package init(
    settings: [String], carriesColumns: Bool = false,
    apply:
      @escaping @Sendable (_ function: inout SentFunction, _ settings: [String: String]) throws
      -> Void
  ) {
    self.settings = settings
    self.carriesColumns = carriesColumns
    self.apply = apply
  }
}

extension SparkSession {
  typealias Call = Spark_Connect_CommonInlineUserDefinedFunction

  /// `plan` with its calls in the form that the server's executors need.
  func formed(_ plan: Spark_Connect_Plan) async throws -> Spark_Connect_Plan {
    guard let form = functionForm else { return plan.withoutPlaces() }
    var result = plan
    var isConcerned = false
    result.mapCalls { call in
      isConcerned = isConcerned || call.isOurs
      return call
    }
    if !isConcerned { return plan.withoutPlaces() }
    try Task.checkCancellation()
    let settings = try await conf.values(of: form.settings)
    if form.carriesColumns {
      var carried = CarriedCalls(session: self) { call, passing in
        try Self.formed(call, form, settings, passing: passing)
      }
      try await carried.carry(&result)
    }
    try result.mapCalls { try Self.formed($0, form, settings) }
    return result.withoutPlaces()
  }

  /// The same for a table.
  func formed(_ relation: Spark_Connect_Relation) async throws -> Spark_Connect_Relation {
    try await formed(.with { $0.root = relation }).root
  }

  private static func formed(
    _ call: Call, _ form: FunctionForm, _ settings: [String: String], passing: StructType? = nil
  ) throws -> Call {
    guard call.isOurs else { return call }
    var function = SentFunction(
      name: call.functionName, returnType: DataType(call.pythonUdf.outputType),
      argumentCount: call.arguments.count, command: Array(call.pythonUdf.command),
      evaluationType: call.pythonUdf.evalType,
      pythonVersion: call.pythonUdf.pythonVer, passing: passing)
    try form.apply(&function, settings)
    var result = call
    result.pythonUdf.command = Data(function.command)
    result.pythonUdf.evalType = function.evaluationType
    result.pythonUdf.pythonVer = function.pythonVersion
    if function.takesPlaceholder, call.arguments.isEmpty {
      result.arguments = [.with { $0.literal.integer = 0 }]
    }
    return result
  }
}

extension SparkSession.Call {
  /// Whether it is a call of a function of this package's.
  var isOurs: Bool { pythonUdf.pythonVer.hasPrefix(NativeMarker.prefix) }
}

extension Spark_Connect_Plan {
  /// The plan without what stands for the arguments of a function that it registers.
  fileprivate func withoutPlaces() -> Self {
    guard case .command(let command) = opType, case .registerFunction = command.commandType else {
      return self
    }
    var plan = self
    plan.command.registerFunction.arguments = []
    return plan
  }

  /// The places of the tables that it asks for or writes.
  var pathsToTables: [WritableKeyPath<Self, Spark_Connect_Relation>] {
    switch opType {
    case .root: return [\.root]
    case .command(let command):
      switch command.commandType {
      case .writeOperation: return [\.command.writeOperation.input]
      case .writeStreamOperationStart: return [\.command.writeStreamOperationStart.input]
      case .createDataframeView: return [\.command.createDataframeView.input]
      case .registerFunction, .sqlCommand, .createResourceProfileCommand, .streamingQueryCommand,
        .streamingQueryManagerCommand, nil:
        return []
      }
    case nil: return []
    }
  }

  /// Replaces all calls of inline functions.
  mutating func mapCalls(
    _ transform: (SparkSession.Call) throws -> SparkSession.Call
  ) rethrows {
    for path in pathsToTables { try self[keyPath: path].mapCalls(transform) }
    if case .command(let given) = opType, case .registerFunction(let function) = given.commandType {
      command.registerFunction = try transform(function)
    }
  }
}

extension Spark_Connect_Relation {
  fileprivate mutating func mapCalls(
    _ transform: (SparkSession.Call) throws -> SparkSession.Call
  ) rethrows {
    try mapExpressions { try $0.mappingCalls(transform) }
    if case .mapPartitions(let node) = relType { mapPartitions.func = try transform(node.func) }
    for path in pathsToInputs { try self[keyPath: path].mapCalls(transform) }
  }

  /// Replaces the expressions of this table, and leaves those of the tables that it is made of.
  mutating func mapExpressions(
    _ transform: (Spark_Connect_Expression) throws -> Spark_Connect_Expression
  ) rethrows {
    func ordered(
      _ order: Spark_Connect_Expression.SortOrder
    ) throws -> Spark_Connect_Expression.SortOrder {
      var order = order
      order.child = try transform(order.child)
      return order
    }
    switch relType {
    case .project(let node): project.expressions = try node.expressions.map(transform)
    case .filter(let node): filter.condition = try transform(node.condition)
    case .sort(let node): sort.order = try node.order.map(ordered)
    case .withColumns(let node):
      withColumns.aliases = try node.aliases.map { alias in
        var alias = alias
        alias.expr = try transform(alias.expr)
        return alias
      }
    case .aggregate(let node):
      aggregate.groupingExpressions = try node.groupingExpressions.map(transform)
      aggregate.aggregateExpressions = try node.aggregateExpressions.map(transform)
      if node.hasPivot { aggregate.pivot.col = try transform(node.pivot.col) }
    case .collectMetrics(let node): collectMetrics.metrics = try node.metrics.map(transform)
    case .unpivot(let node):
      unpivot.ids = try node.ids.map(transform)
      if node.hasValues { unpivot.values.values = try node.values.values.map(transform) }
    case .sampleBy(let node): sampleBy.col = try transform(node.col)
    case .repartitionByExpression(let node):
      repartitionByExpression.partitionExprs = try node.partitionExprs.map(transform)
    case .join(let node):
      if node.hasJoinCondition { join.joinCondition = try transform(node.joinCondition) }
    default: break
    }
  }
}

extension Spark_Connect_Expression {
  fileprivate func mappingCalls(
    _ transform: (SparkSession.Call) throws -> SparkSession.Call
  ) rethrows -> Self {
    var result = self
    try result.mapChildren { try $0.mappingCalls(transform) }
    if case .commonInlineUserDefinedFunction(let call) = result.exprType {
      result.commonInlineUserDefinedFunction = try transform(call)
    }
    return result
  }
}
