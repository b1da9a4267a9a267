package import Models
import Synchronization

/// Counts the rows of one prediction, and ends it when more fail than may: those of a task under Spark,
/// those of all threads where a process computes a whole table.
package final class FaultTally: Sendable {
  private struct State {
    var rows = 0
    var failures = RowFailures()
    var failed = 0
  }

  private let limit: ErrorLimit?
  /// The number of all rows that there will be, if it is known.
  private let total: Int?
  private let function: String
  private let excess: @Sendable (InferenceError) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - function: the function for messages.
  ///   - excess: is told the error when too many rows have failed.
  package init(
    limit: ErrorLimit?, total: Int? = nil, function: String,
    excess: @escaping @Sendable (InferenceError) -> Void = { _ in }
  ) {
    self.limit = limit
    self.total = total
    self.function = function
    self.excess = excess
  }

  /// What has failed so far.
  package var failures: RowFailures { state.withLock { $0.failures } }

  /// Counts `rows` rows, of which these have failed.
  ///
  /// - Throws: ``InferenceError`` if these are too many, whatever comes.
  func add(_ faults: [(row: Int, fault: RowFault)], rows: Int, of origin: RowOrigin) throws {
    let tooMany: RowFailures? = state.withLock { state in
      state.rows += rows
      for (row, fault) in faults { state.failures.add(fault, row: row, of: origin) }
      state.failed += faults.count
      return isTooMany(state.failed) ? state.failures : nil
    }
    if let tooMany { throw error(tooMany) }
  }

  /// Whether so many are too many, whatever rows come.
  private func isTooMany(_ failed: Int) -> Bool {
    switch limit {
    case .rows(let count)?: return failed > count
    case .percent?:
      guard let limit, let total else { return false }
      return limit.isExceeded(by: failed, of: total)
    case nil: return false
    }
  }

  /// Tells that there are no more rows.
  ///
  /// - Throws: ``InferenceError`` if too many of them failed.
  func finish() throws {
    let now = state.withLock { $0 }
    if let limit, limit.isExceeded(by: now.failed, of: now.rows) { throw error(now.failures) }
  }

  private func error(_ failures: RowFailures) -> InferenceError {
    let error = InferenceError(
      .tooManyErrors,
      "\(failures); that is more than maxErrors: (--max-errors) lets pass, "
        + "\(limit.map(\.description) ?? "none"). Correct the rows, or let more of them fail",
      function: function)
    excess(error)
    return error
  }
}

/// The counts of all predictions of a run in this process.
package final class RunFaults: Sendable {
  private let total: Int?
  private let tallies = Mutex<[[UInt8]: FaultTally]>([:])

  /// - Parameter total: the number of all rows of the run, if it is known.
  package init(total: Int? = nil) { self.total = total }

  /// The count of the prediction with these parameters, which all its threads share.
  func tally(of parameters: [UInt8], limit: ErrorLimit?, function: String) -> FaultTally {
    tallies.withLock { tallies in
      if let known = tallies[parameters] { return known }
      let tally = FaultTally(limit: limit, total: total, function: function)
      tallies[parameters] = tally
      return tally
    }
  }

  /// Tells that there are no more rows.
  ///
  /// - Throws: ``InferenceError`` if too many of them failed.
  package func finish() throws {
    for tally in tallies.withLock({ Array($0.values) }) { try tally.finish() }
  }

  /// What has failed so far.
  package var failures: RowFailures {
    tallies.withLock { Array($0.values) }.reduce(into: RowFailures()) { $0.add($1.failures) }
  }
}
