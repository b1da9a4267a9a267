import ErrorCauses
package import SparkConnect
package import SparkFunctions

/// Counts the rows of a query on Spark, and those that failed, as they pass: nothing is read or computed a second
/// time, and none of it is in the output.
package struct PassingRows: Sendable {
  /// The column by which they are counted; `nil` if a row that fails ends the job.
  package let failureColumn: String?
  /// Whether nobody wants the column but who counts.
  private let isHidden: Bool
  private let observation: Observation

  /// - Parameters:
  ///   - name: tells it apart from others of the session.
  ///   - errors: what becomes of rows that fail.
  package init(_ name: String, _ errors: ErrorPolicy) {
    observation = Observation(name)
    failureColumn = errors == .fail ? nil : "needletail.failure"
    isHidden = true
  }

  /// - Parameters:
  ///   - name: tells it apart from others of the session.
  ///   - column: the column for errors that is in the output; its texts do not tell the row.
  init(_ name: String, told column: String) {
    observation = Observation(name)
    failureColumn = column
    isHidden = false
  }

  /// The rows of `table`, without the column that nobody else wants.
  package func counting(_ table: DataFrame) -> DataFrame {
    var measures = [count().as(Self.rows)]
    guard let failureColumn else { return table.observe(observation, measures) }
    let failure = column(named: failureColumn)
    for kind in RowFaultKind.allCases {
      let those = when(failure.startsWith(RowFailures.prefix(of: kind)), failure)
      measures.append(count(those).as(Self.countName(of: kind)))
      measures.append(min(those).as(Self.exampleName(of: kind)))
    }
    let observed = table.observe(observation, measures)
    return isHidden ? observed.drop(failureColumn) : observed
  }

  private static let rows = "rows"
  private static func countName(of kind: RowFaultKind) -> String { "\(kind.rawValue)_rows" }
  private static func exampleName(of kind: RowFaultKind) -> String { "\(kind.rawValue)_example" }

  // MARK: What was counted

  /// The rows that have passed; `nil` if the server does not tell.
  package var rows: Int? { observation.row.flatMap { Self.number($0, Self.rows) } }

  /// Those of them that failed; `nil` if the server does not tell.
  package var failures: RowFailures? {
    // Where none may fail, none has.
    failureColumn == nil ? RowFailures() : observation.row.flatMap { Self.failures(in: $0) }
  }

  /// Those of several together; `nil` if the server does not tell of one.
  static func failures(of all: [PassingRows]) -> RowFailures? {
    var sum = RowFailures()
    for passing in all {
      guard let failures = passing.failures else { return nil }
      sum.add(failures)
    }
    return sum
  }

  /// What the measures tell; `nil` if one is missing.
  static func failures(in measured: Row) -> RowFailures? {
    var failures = RowFailures()
    for kind in RowFaultKind.allCases {
      guard let count = number(measured, countName(of: kind)) else { return nil }
      guard count > 0, case .string(let text)? = measured[exampleName(of: kind)] else { continue }
      failures.add(
        count, kind, example: String(text.dropFirst(RowFailures.prefix(of: kind).count)))
    }
    return failures
  }

  private static func number(_ measured: Row, _ name: String) -> Int? {
    guard case .int(let number)? = measured[name] else { return nil }
    return Int(number)
  }
}
