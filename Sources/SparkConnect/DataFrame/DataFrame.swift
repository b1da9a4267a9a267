import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf

/// A table that a query describes: a value that computes nothing until an action asks for rows.
///
/// Transformations (``select(_:)-(Column...)``, ``filter(_:)-(Column)``, ``withColumn(_:_:)`` ...)
/// return new tables at once; actions (``collect()``, ``show(_:truncate:vertical:)``, ``count()``,
/// ``write``) run on the server.
public struct DataFrame: Sendable {
  /// The session that the table belongs to.
  public let session: SparkSession
  let relation: Spark_Connect_Relation
  /// The inline functions that the query calls.
  let calls: [InlineCall]
  /// What was wrong in building the query; told by the first action.
  let failure: (any Error)?

  init(
    session: SparkSession, relation: Spark_Connect_Relation, calls: [InlineCall] = [],
    failure: (any Error)? = nil
  ) {
    self.session = session
    var relation = relation
    relation.common = .with { $0.planID = session.nextPlanID() }
    self.relation = relation
    self.calls = calls
    self.failure = failure
  }

  /// A table made from this one and columns over it: `build` fills in its relation from this one's and
  /// the columns' expressions.
  func deriving(
    _ columns: [Column] = [], and others: [DataFrame] = [],
    calls placement: CallPlacement = .inPlace,
    _ build: (
      inout Spark_Connect_Relation, Spark_Connect_Relation, [Spark_Connect_Expression]
    ) throws -> Void
  ) -> DataFrame {
    let version = session.majorMinorVersion
    var calls = self.calls + others.flatMap(\.calls)
    for call in columns.flatMap(\.calls) {
      calls.append(InlineCall(function: call.function, arguments: call.arguments, input: self))
    }
    var failure = failure ?? others.lazy.compactMap(\.failure).first
    var result = Spark_Connect_Relation()
    do {
      var hoisted = HoistedCalls()
      let expressions = try hoisted.hoist(
        try columns.map { try $0.expression(version) }, labels: columns.map(\.label), placement)
      if hoisted.aliases.isEmpty {
        try build(&result, relation, expressions)
      } else {
        try build(&result, hoisted.below(relation), expressions)
        if case .sharingEqual = placement {
          result = result.dropping(hoisted.aliases.map { $0.name[0] })
        }
      }
    } catch let error {
      failure = failure ?? error
    }
    return DataFrame(session: session, relation: result, calls: calls, failure: failure)
  }

  /// The same for a relation whose `onlyInput` is this table's: `build` fills in all else.
  func over(
    _ columns: [Column] = [], calls placement: CallPlacement = .inPlace,
    _ build: (inout Spark_Connect_Relation, [Spark_Connect_Expression]) throws -> Void
  ) -> DataFrame {
    deriving(columns, calls: placement) { result, input, expressions in
      try build(&result, expressions)
      result.onlyInput = input
    }
  }

  /// The plan of the query.
  ///
  /// - Throws: what was wrong in building it.
  func plan() throws -> Spark_Connect_Plan {
    if let failure { throw failure }
    return .with { $0.root = relation }
  }

  static func sortOrder(
    _ expression: Spark_Connect_Expression
  ) -> Spark_Connect_Expression.SortOrder {
    if case .sortOrder(let order) = expression.exprType { return order }
    return .with {
      $0.child = expression
      $0.direction = .ascending
      $0.nullOrdering = .sortNullsFirst
    }
  }
}
