import SparkConnectProtocol
import SwiftProtobuf

/// What a query computes of each row by itself, from the table that its functions of programs see upwards:
/// it can be computed of some of the rows alone.
package struct RowwisePart: Sendable {
  /// The table whose rows the functions see.
  package let input: DataFrame
  private let table: DataFrame
  /// What is done to these rows, the last of it first.
  let steps: [Spark_Connect_Relation]

  /// The part of `table` that begins as far down as it can.
  ///
  /// - Throws: ``SparkError`` if no function of a program sees a table of which the rest is computed row by
  ///   row.
  package init(of table: DataFrame) throws {
    if let failure = table.failure { throw failure }
    guard !table.calls.isEmpty else {
      throw SparkError(
        .invalidArgument,
        "the table has no predictions that are known to come from some of its rows: predict with "
          + "predicting(...), or a function of the program, in the query itself")
    }
    let inputs = Dictionary(
      table.calls.map { ($0.input.relation.common.planID, $0.input) }
    ) { first, _ in first }
    var steps: [Spark_Connect_Relation] = []
    var current = table.relation
    var found: (input: DataFrame, depth: Int)?
    var problem: String?
    while true {
      if current.hasCommon, let input = inputs[current.common.planID] {
        found = (input, steps.count)
      }
      problem = current.problemWithRows
      guard problem == nil, let below = current.onlyInput else { break }
      steps.append(current)
      current = below
    }
    guard let found else {
      throw SparkError(
        .invalidArgument,
        "behind the predictions the table has \(problem ?? "another table"), which is not computed of each "
          + "row by itself; do that to the table before it is predicted, or to the output")
    }
    self.table = table
    self.input = found.input
    self.steps = Array(steps.prefix(found.depth))
  }

  /// The table computed from `rows` instead, which are some of ``input``'s, with its columns.
  package func computed(from rows: DataFrame) -> DataFrame {
    let relation = steps.reversed().reduce(rows.relation) { below, step in
      var step = step
      step.onlyInput = below
      return step
    }
    let number = input.relation.common.planID
    let calls = table.calls.dropFirst(input.calls.count).map { call in
      var call = call
      if call.input.relation.common.planID == number { call.input = rows }
      return call
    }
    return DataFrame(
      session: table.session, relation: relation, calls: rows.calls + calls, failure: rows.failure)
  }

  /// The functions of programs that the query calls, also those that ``input`` has, in their order.
  package var functions: [InlineFunction] { table.calls.map(\.function) }
}

extension Spark_Connect_Relation {
  /// What is done here that is not done to each row by itself, in words; `nil` if nothing is.
  fileprivate var problemWithRows: String? {
    switch relType {
    case .project(let node):
      node.expressions.lazy.compactMap(\.problemWithRows).first
    case .withColumns(let node):
      node.aliases.lazy.compactMap(\.expr.problemWithRows).first
    case .filter(let node): node.condition.problemWithRows
    case .withColumnsRenamed, .drop, .subqueryAlias, .repartition, .repartitionByExpression, .sort:
      nil
    case .mapPartitions: "a function of whole batches (mapBatches, or predicting with resources)"
    case .limit, .offset, .tail: "a limit"
    case .sample, .sampleBy: "a sample"
    case .aggregate: "a grouping"
    case .deduplicate: "dropDuplicates"
    case .join: "a join"
    case .setOp: "a union, or another combination of tables"
    case .toDf: "new names for all columns (toDF)"
    default: "a change of all rows"
    }
  }
}
