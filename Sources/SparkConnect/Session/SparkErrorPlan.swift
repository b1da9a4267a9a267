/// The plan of a query that Spark writes behind its words about what is wrong with it: a tree in names of its own,
/// which are nobody's query.
enum SparkErrorPlan {
  /// `text` without the plan at its end.
  ///
  /// It stands behind `;`, a line for each step, and begins with one that is not resolved: `'Project [*]`.
  static func removed(from text: String) -> String {
    guard let start = text.firstRange(of: ";\n'") else { return text }
    let lines = text[start.lowerBound...].dropFirst(2).split(separator: "\n")
    guard lines.allSatisfy(isStep) else { return text }
    return String(text[..<start.lowerBound])
  }

  /// `+- 'UnresolvedRelation [nope], [], false`
  private static func isStep(_ line: Substring) -> Bool {
    let name = line.drop { " :+-|'!".contains($0) }
    return name.first.map { $0.isUppercase } ?? false
  }
}
