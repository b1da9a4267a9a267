public import SparkFunctions

/// What a run over a ``LocalTable`` did.
public struct LocalSummary: Sendable, Hashable {
  /// The rows that were written.
  public var rows: Int
  /// From the first split to the finished output.
  public var elapsed: Duration
  /// The threads that worked.
  public var threads: Int
  /// The time that the threads, all of them together, spent with decoding.
  public var decoding: Duration
  /// The same for the functions and models.
  public var computing: Duration
  /// The same for the output.
  public var writing: Duration
  /// Whether nothing was done because there was an output already (`SaveMode.ignore`).
  public var isIgnored = false
  /// The rows that could not be predicted and did not end the run.
  public var failures = RowFailures()
  /// The rows that were not computed, as their keys were in the output (`LocalTableWriter.resume`).
  public var skipped = 0
  /// The rows with an error that were in the output and were taken out of it, to be done again.
  public var redone = 0

  /// Rows in a second.
  public var rowsPerSecond: Double {
    let seconds = elapsed / .seconds(1)
    return seconds > 0 ? Double(rows) / seconds : 0
  }

  /// The shares of the threads' time in decoding, computing and writing, in percent.
  public var shares: (decoding: Int, computing: Int, writing: Int) {
    let all = decoding + computing + writing
    guard all > .zero else { return (0, 0, 0) }
    func percent(_ part: Duration) -> Int { Int((part / all * 100).rounded()) }
    return (percent(decoding), percent(computing), percent(writing))
  }
}

/// How far a run over a ``LocalTable`` has come.
public struct LocalProgress: Sendable, Hashable {
  /// The rows that are written.
  public var rows: Int
  /// The number of all rows, where files tell it.
  public var totalRows: Int?
  /// The share of the work that is done, from 0 to 1; `nil` where nothing tells.
  public var share: Double?
  /// The time since the start.
  public var elapsed: Duration

  /// Rows in a second.
  public var rowsPerSecond: Double {
    let seconds = elapsed / .seconds(1)
    return seconds > 0 ? Double(rows) / seconds : 0
  }

  /// The seconds that the rest will take at the same speed.
  public var secondsLeft: Double? {
    guard let share, share > 0 else { return nil }
    return elapsed / .seconds(1) * (1 - share) / share
  }
}
