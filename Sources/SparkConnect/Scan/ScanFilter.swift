import FoundationEssentials
import SparkConnectProtocol
import SparkTypes

/// A condition on the rows of a table of files.
struct ScanFilter: Sendable {
  let condition: Spark_Connect_Expression
  /// The columns that are called as in the files, and those that have other values behind such a name.
  private let plain: Set<String>
  private let other: Set<String>

  init(_ condition: Spark_Connect_Expression, over columns: [FileChain.Column]) {
    self.condition = condition
    var (plain, other): (Set<String>, Set<String>) = ([], [])
    for column in columns {
      let folded = column.name.lowercased()
      if case .file(let name) = column.value, name.lowercased() == folded {
        plain.insert(folded)
      } else {
        other.insert(folded)
      }
    }
    self.plain = plain
    self.other = other
  }

  /// Whether the condition depends on nothing but the partition columns, which are called `names`, as far
  /// as its message tells: SQL text has names in it that only the server finds.
  func isOf(partitions names: [String]) -> Bool {
    let folded = Set(names.map { $0.lowercased() })
    guard folded.isDisjoint(with: other) else { return false }
    if case .expressionString(let text) = condition.exprType {
      return Self.isPlain(text.expression)
    }
    guard condition.isComparison, let names = condition.columnNames else { return false }
    return names.isSubset(of: folded.intersection(plain))
  }

  /// Whether SQL text calls no function and asks no other table: functions may give other values each
  /// time.
  private static func isPlain(_ text: String) -> Bool {
    let words: Set<String> = ["in", "and", "or", "not", "between", "like"]
    let folded = text.lowercased()
    if folded.contains("select") || folded.contains("current_") { return false }
    let calls = folded.matches(of: /([a-z_0-9`]+)\s*\(/)
    return calls.allSatisfy { words.contains(String($0.1)) }
  }
}

extension Spark_Connect_Expression {
  private static let comparisons: Set<String> = [
    "==", "=", "<=>", "!=", "<>", "<", "<=", ">", ">=", "and", "or", "not", "!", "in", "isnull",
    "isnotnull", "like", "startswith", "endswith", "contains", "between",
  ]

  /// Whether nothing is in it but columns, literals and what compares them.
  fileprivate var isComparison: Bool {
    switch exprType {
    case .literal, .unresolvedAttribute: true
    case .unresolvedFunction(let function):
      Self.comparisons.contains(function.functionName.lowercased())
        && function.arguments.allSatisfy(\.isComparison)
    case .cast(let cast): cast.expr.isComparison
    default: false
    }
  }
}
