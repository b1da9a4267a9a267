import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf

/// A place in a query that calls functions of programs over one table.
struct ScanUse {
  typealias Relation = Spark_Connect_Relation
  typealias Expression = Spark_Connect_Expression
  typealias Call = Spark_Connect_CommonInlineUserDefinedFunction

  /// What the column of a function is called on its way from the workers.
  static let resultName = "needletail.scan"

  private let relation: Relation
  let input: Relation
  let calls: Set<Call>

  /// `nil` if the relation calls none itself.
  init?(_ relation: Relation) {
    guard let input = relation.onlyInput else { return nil }
    var calls: Set<Call> = []
    switch relation.relType {
    case .project(let node):
      for expression in node.expressions { expression.forEachCall { calls.insert($0) } }
    case .withColumns(let node):
      for alias in node.aliases { alias.expr.forEachCall { calls.insert($0) } }
    case .mapPartitions(let node): calls = [node.func]
    default: return nil
    }
    if calls.isEmpty { return nil }
    self.relation = relation
    self.input = input
    self.calls = calls
  }

  func onlyCall() throws(ScanRefusal) -> Call {
    guard calls.count == 1, let call = calls.first else {
      throw ScanRefusal("several functions are called at once")
    }
    return call
  }

  /// How the function sees its table.
  func form(_ call: Call) throws(ScanRefusal) -> ScanCandidate.Form {
    if case .mapPartitions(let node) = relation.relType {
      if node.isBarrier { throw ScanRefusal("the function's tasks wait for each other") }
      return .batches
    }
    if case .project(let node) = relation.relType {
      for expression in node.expressions where expression.calls {
        guard case .alias = expression.exprType else {
          throw ScanRefusal("the function's column has no name (.as)")
        }
      }
    }
    if call.arguments.isEmpty { throw ScanRefusal("the function has no arguments") }
    var paths: [[String]] = []
    for argument in call.arguments {
      guard case .unresolvedAttribute(let attribute) = argument.exprType,
        let parts = SQLIdentifier.parts(of: attribute.unparsedIdentifier)
      else { throw ScanRefusal("the function's arguments are computed by Spark") }
      paths.append(parts)
    }
    return .column(arguments: paths)
  }

  /// Whether Spark would not call the function, since nobody reads its column.
  func isUnneeded(_ needed: NeededColumns) -> Bool {
    guard case .only(let names) = needed else { return false }
    let made: [String]
    switch relation.relType {
    case .withColumns(let node): made = node.aliases.filter(\.expr.calls).flatMap(\.name)
    case .project(let node):
      made = node.expressions.filter(\.calls).flatMap { expression -> [String] in
        if case .alias(let alias) = expression.exprType { return alias.name }
        return []
      }
    default: return false
    }
    return names.isDisjoint(with: made.map { $0.lowercased() })
  }

  /// The columns of the table that are needed beside the function's, of which `needed` are above.
  func needed(_ needed: NeededColumns, without call: Call, result: String) -> NeededColumns {
    replacing(call, by: result).map { needed.below($0) } ?? .everything
  }

  /// The relation with the column `result` of `scan` in the place of the call.
  func replaced(_ call: Call, by result: String, over scan: Relation) -> Relation {
    if case .mapPartitions(let node) = relation.relType {
      var made = scan
      if node.hasProfileID { made.mapPartitions.profileID = node.profileID }
      return made
    }
    guard var made = replacing(call, by: result) else { return relation }
    made.onlyInput = scan
    // It is among those that a star stands for.
    return made.dropping([result])
  }

  /// The relation with a column in the place of the call; `nil` if it has no columns.
  private func replacing(_ call: Call, by result: String) -> Relation? {
    var made = relation
    switch relation.relType {
    case .project(let node):
      made.project.expressions = node.expressions.map { $0.replacing(call, by: result) }
    case .withColumns(let node):
      for (place, alias) in node.aliases.enumerated() {
        made.withColumns.aliases[place].expr = alias.expr.replacing(call, by: result)
      }
    default: return nil
    }
    return made
  }
}

extension Spark_Connect_Expression {
  /// Whether functions of programs are called within.
  fileprivate var calls: Bool {
    var found = false
    forEachCall { _ in found = true }
    return found
  }

  /// The expression with the column called `name` in the place of `call`.
  fileprivate func replacing(
    _ call: Spark_Connect_CommonInlineUserDefinedFunction, by name: String
  ) -> Spark_Connect_Expression {
    if case .commonInlineUserDefinedFunction(let other) = exprType, other == call {
      return .column(name)
    }
    var result = self
    result.mapChildren { $0.replacing(call, by: name) }
    return result
  }
}
