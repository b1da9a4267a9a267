import SparkConnectProtocol
import SwiftProtobuf

extension Spark_Connect_Expression {
  /// Functions that make several rows of one, or whose values depend on where a row is.
  private static let ofSeveralRows: Set = [
    "explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "stack",
    "json_tuple", "monotonically_increasing_id", "spark_partition_id", "input_file_name",
    "input_file_block_start", "input_file_block_length",
  ]

  /// What is in the expression that depends on more than the row, in words; `nil` if nothing is.
  var problemWithRows: String? {
    switch exprType {
    case .window: return "a window"
    case .unresolvedFunction(let function):
      if let problem = Self.problem(function.functionName) { return problem }
    case .callFunction(let function):
      if let problem = Self.problem(function.functionName) { return problem }
    case .expressionString(let text):
      // Only the server can parse it: a word within a text or a name counts, too.
      for word in text.expression.split(whereSeparator: { !$0.isWordCharacter }) {
        if word.lowercased() == "over" { return "a window (OVER in '\(text.expression)')" }
        if let problem = Self.problem(String(word)) { return problem }
      }
    default: break
    }
    return children.lazy.compactMap(\.problemWithRows).first
  }

  private static func problem(_ function: String) -> String? {
    ofSeveralRows.contains(function.lowercased()) ? "the function \(function)" : nil
  }
}

extension Character {
  fileprivate var isWordCharacter: Bool { isLetter || isNumber || self == "_" }
}
