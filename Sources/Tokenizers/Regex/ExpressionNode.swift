/// A parsed regular expression.
indirect enum ExpressionNode: Sendable {
  case set(ScalarSet)
  case sequence([ExpressionNode])
  case alternatives([ExpressionNode])
  case repetition(ExpressionNode, minimum: Int, maximum: Int?, Greed)
  case assertion(Assertion)
  case look(ExpressionNode, isBehind: Bool, isNegative: Bool)
  /// Once matched, it is not tried in another way.
  case atomic(ExpressionNode)
  /// A group that a backreference or a call may name, by its number from 1.
  case group(Int, ExpressionNode)
  /// The text that the group matched last.
  case backreference(Int, ignoresCase: Bool)
  /// The group's expression once more.
  case call(Int)
  /// The match begins here: `\K`.
  case keep

  enum Greed: Sendable { case greedy, lazy, possessive }

  enum Assertion: Sendable {
    case textStart, textEnd, textEndOrLastBreak, lineStart, lineEnd, wordBoundary, noWordBoundary
    /// Where the search began: `\G`.
    case searchStart
  }

  /// Calls `body` with each numbered group.
  func forEachGroup(_ body: (Int, ExpressionNode) -> Void) {
    switch self {
    case .set, .assertion, .backreference, .call, .keep: break
    case .sequence(let nodes), .alternatives(let nodes):
      for node in nodes { node.forEachGroup(body) }
    case .repetition(let node, _, _, _), .look(let node, _, _), .atomic(let node):
      node.forEachGroup(body)
    case .group(let number, let node):
      body(number, node)
      node.forEachGroup(body)
    }
  }

  /// The least and most scalars that a match has; nil for no bound.
  var length: (minimum: Int, maximum: Int?) {
    switch self {
    case .set: return (1, 1)
    case .assertion, .look, .keep: return (0, 0)
    case .atomic(let node), .group(_, let node): return node.length
    case .backreference, .call: return (0, nil)
    case .sequence(let nodes):
      return nodes.reduce((0, 0)) { sum, node in
        let length = node.length
        return (
          sum.0 + length.minimum, sum.1.flatMap { known in length.maximum.map { known + $0 } }
        )
      }
    case .alternatives(let nodes):
      let lengths = nodes.map(\.length)
      let bounds = lengths.map(\.maximum)
      return (
        lengths.map(\.minimum).min() ?? 0,
        bounds.contains(nil) ? nil : bounds.compactMap { $0 }.max() ?? 0
      )
    case .repetition(let node, let minimum, let maximum, _):
      let length = node.length
      let most = maximum.flatMap { count in
        length.maximum.map { $0.multipliedReportingOverflow(by: count) }
      }
      return (
        length.minimum.multipliedReportingOverflow(by: minimum).partialValue,
        most.flatMap { $0.overflow ? nil : $0.partialValue }
      )
    }
  }
}
