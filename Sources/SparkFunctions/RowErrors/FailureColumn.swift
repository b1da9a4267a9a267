package import ErrorCauses
import Models

extension PredictionPlan {
  /// The same with a further column, called `name`, that tells of each row which failed what it was: for who
  /// counts them as they pass, and lets the column go.
  package func tellingFailures(in name: String) -> PredictionPlan {
    var plan = self
    plan.parameters.failureColumn = name
    plan.returnType = plan.parameters.returnType
    return plan
  }
}

extension RowFailures {
  /// What stands in that column: the kind, and an example as a report has it, in one line.
  static func text(of fault: RowFault, row: Int, of origin: RowOrigin) -> String {
    prefix(of: fault.kind) + RowFault.inOneLine(example(of: fault, row: row, of: origin))
  }

  /// What such a text of a row with which this is wrong begins with.
  package static func prefix(of kind: RowFaultKind) -> String { "\(kind.rawValue): " }
}

extension RowOrigin {
  /// The same where several tasks tell of their rows: of a partition it is said which one it is.
  func numbered(by partition: Int) -> RowOrigin {
    guard whole == Self.partition else { return self }
    var origin = self
    origin.whole = "partition \(partition)"
    return origin
  }
}
