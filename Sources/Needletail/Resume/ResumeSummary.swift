public import SparkFunctions

/// What a run did that goes on with the output of an earlier one on Spark.
public struct ResumeSummary: Sendable, Hashable {
  /// The rows of the table that the output did not have: they are predicted, and added to it unless a
  /// filter behind that leaves them out.
  public var rows: Int
  /// The time in which they were.
  public var elapsed: Duration
  /// The rows that were not computed, as their keys were in the output.
  public var skipped: Int
  /// The rows with an error that were in the output and were taken out of it, to be done again.
  public var redone: Int
  /// The predicted rows that failed, by what was wrong, counted as they passed; `nil` if the server does not
  /// tell.
  public var failures: RowFailures?

  /// Rows in a second.
  public var rowsPerSecond: Double {
    let seconds = elapsed / .seconds(1)
    return seconds > 0 ? Double(rows) / seconds : 0
  }
}
