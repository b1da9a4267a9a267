import ArrowIPC
import ErrorCauses
import Models
import SparkTypes

/// Predicts rows of which some may fail: finds those that fail alone, and predicts the others.
///
/// Where nothing fails this does what is done without it.
struct FaultSearch {
  let run: ModelRun
  /// The struct of the outputs.
  let type: DataType

  /// Predictions of some rows, null in those that failed.
  struct Answer {
    var column: ArrowColumn
    /// What is wrong with these, and with which of the rows, in their order.
    var faults: [Failed] = []
  }

  typealias Failed = (row: Int, fault: RowFault)

  /// The predictions of the rows of a batch.
  ///
  /// - Throws: what is not about the rows.
  func answer(_ batch: RecordBatch, _ rows: RowNumbers) async throws -> Answer {
    let watched = batch.rowCount > 1 ? run.refusals.tellingInputs : []
    if watched.isEmpty || run.parameters.layout.rows == .one {
      return try await paced(batch, rows, watched: [:])
    }
    let extremes = run.extremes(batch, rows, of: watched)
    let refused = try await refusedSuspects(batch, rows, extremes)
    if refused.isEmpty { return try await paced(batch, rows, watched: extremes) }
    return try await answer(besides: refused, batch, rows)
  }

  /// The predictions of all rows but those that are known to fail.
  private func answer(
    besides failed: [Failed], _ batch: RecordBatch, _ rows: RowNumbers
  ) async throws -> Answer {
    let count = batch.rowCount
    if failed.count == count { return Answer(column: try nulls(count), faults: failed) }
    let places = Set(failed.map(\.row))
    let kept = (0..<count).filter { !places.contains($0) }
    let others = try await answer(try batch.selecting(kept), rows.selecting(kept))
    let faults = failed + others.faults.map { (row: kept[$0.row], fault: $0.fault) }
    return Answer(
      column: try others.column.scattered(to: kept, count: count),
      faults: faults.sorted { $0.row < $1.row })
  }

  /// The rows that were thought to be refused, for they are like others, and are.
  private func refusedSuspects(
    _ batch: RecordBatch, _ rows: RowNumbers, _ extremes: [String: RowExtremes]
  ) async throws -> [Failed] {
    var refused: [Failed] = []
    var suspects = run.refusals.suspects(extremes)[...]
    while let row = suspects.popFirst() {
      switch try await attempt(batch.slice(row..<row + 1), rows.part(row..<row + 1)) {
      case .success:
        // It clears others.
        run.refusals.took([row], of: extremes)
        suspects = run.refusals.suspects(extremes, from: row + 1)[...]
      case .failure(let refusal): refused.append((row, refusal.fault))
      }
    }
    return refused
  }

  /// The predictions of the batch in as many runs as seem to be best, one after the other.
  private func paced(
    _ batch: RecordBatch, _ rows: RowNumbers, watched: [String: RowExtremes]
  ) async throws -> Answer {
    let count = batch.rowCount
    var parts = Parts()
    while parts.end < count {
      let pace = run.parameters.layout.rows == .one ? 1 : run.refusals.pace.size
      let range = parts.end..<(count - parts.end > pace ? parts.end + pace : count)
      let (part, numbers) = (batch.slice(range), rows.part(range))
      switch try await attempt(part, numbers) {
      case .success(let column):
        parts.add(column)
        run.refusals.changePace { $0.took(range.count) }
      case .failure(let refusal) where range.count == 1:
        parts.add(try nulls(1), [(0, refusal.fault)])
      case .failure(let refusal):
        let unreadable = refusal.isUnread ? try unreadable(part, numbers) : []
        if !unreadable.isEmpty {
          let answer = try await answer(besides: unreadable, part, numbers)
          parts.add(answer.column, answer.faults)
          continue
        }
        try await addToFirstRefused(&parts, of: range, batch, rows)
        let isFound = parts.faults.last?.row == parts.end - 1
        if isFound {
          run.refusals.changePace { $0.refused(range.count) }
        } else if !refusal.isUnread {
          run.refusals.changePace { $0.refusedTogether(range.count) }
        }
      }
    }
    learn(parts.faults, batch, rows, watched)
    return Answer(column: try .concatenating(parts.columns), faults: parts.faults)
  }

  /// Adds the predictions of the first of the rows `range`, which were refused together, up to one that is
  /// refused alone, or else of all of them.
  private func addToFirstRefused(
    _ parts: inout Parts, of range: Range<Int>, _ batch: RecordBatch, _ rows: RowNumbers
  ) async throws {
    // The rows among which there is one.
    var left = range
    var last: Refusal?
    while left.count > 1 {
      let half = left.prefix(left.count / 2)
      switch try await attempt(batch.slice(half), rows.part(half)) {
      case .success(let column):
        parts.add(column)
        left = half.upperBound..<left.upperBound
        last = nil
      case .failure(let refusal):
        left = half
        last = refusal
      }
    }
    if let last { return parts.add(try nulls(1), [(0, last.fault)]) }
    switch try await attempt(batch.slice(left), rows.part(left)) {
    case .success(let column): parts.add(column)
    case .failure(let refusal): parts.add(try nulls(1), [(0, refusal.fault)])
    }
  }

  /// Learns from what became of the rows of a batch what may tell a refused one before it runs.
  private func learn(
    _ faults: [Failed], _ batch: RecordBatch, _ rows: RowNumbers, _ watched: [String: RowExtremes]
  ) {
    let refused = Set(faults.filter { Self.kindsOfModels.contains($0.fault.kind) }.map(\.row))
    let failed = Set(faults.map(\.row))
    let taken = (0..<batch.rowCount).filter { !failed.contains($0) }
    if refused.isEmpty || taken.isEmpty { return run.refusals.took(taken, of: watched) }
    let extremes = run.extremes(batch, rows)
    run.refusals.took(taken, of: extremes)
    run.refusals.refused(refused, of: extremes)
  }

  /// What is found by a run only.
  private static let kindsOfModels: Set<RowFaultKind> = [.model, .text]

  /// Why rows could not be predicted together.
  private struct Refusal: Error {
    var fault: RowFault
    /// Whether the model's inputs could not be made of them.
    var isUnread: Bool
  }

  private func attempt(
    _ batch: RecordBatch, _ rows: RowNumbers
  ) async throws -> Result<ArrowColumn, Refusal> {
    try Task.checkCancellation()
    do {
      return .success(try await run.predictions(batch, rows, type))
    } catch let error as InferenceError {
      guard let fault = error.fault else { throw error }
      return .failure(Refusal(fault: fault, isUnread: error.code == .invalidInput))
    }
  }

  private func nulls(_ count: Int) throws -> ArrowColumn {
    try ArrowColumn([ArrowValue](repeating: .null, count: count), type: try type.arrowType())
  }

  /// The rows of which the model's inputs cannot be made, each alone; without a run of the model.
  private func unreadable(_ batch: RecordBatch, _ rows: RowNumbers) throws -> [Failed] {
    var faults: [Failed] = []
    // What is left to be read, the first of it last.
    var left = [0..<batch.rowCount]
    while let range = left.popLast() {
      do {
        try run.read(batch.slice(range), rows.part(range))
      } catch let error as InferenceError {
        guard let fault = error.fault else { throw error }
        if range.count == 1 {
          faults.append((range.lowerBound, fault))
          continue
        }
        // Also of the row that was named it is seen alone whether it fails: it may differ from the
        // first one only.
        let row = fault.row.map { range.lowerBound + $0 }
        if let row, range.contains(row) {
          left += [row + 1..<range.upperBound, row..<row + 1, range.lowerBound..<row]
            .filter { !$0.isEmpty }
        } else {
          let half = range.lowerBound + range.count / 2
          left += [half..<range.upperBound, range.lowerBound..<half]
        }
      }
    }
    return faults
  }
}

extension FaultSearch {
  /// Predictions of the first rows of a batch, in their order.
  private struct Parts {
    var columns: [ArrowColumn] = []
    var faults: [Failed] = []
    /// The number of rows.
    var end = 0

    /// Adds those of the next rows; the faults' rows count in these.
    mutating func add(_ column: ArrowColumn, _ faults: [Failed] = []) {
      columns.append(column)
      self.faults += faults.map { (row: end + $0.row, fault: $0.fault) }
      end += column.count
    }
  }
}
