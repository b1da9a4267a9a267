import ArrowIPC
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
    var faults: [(row: Int, fault: RowFault)] = []
  }

  /// The predictions of the rows of a batch.
  ///
  /// - Throws: what is not about the rows.
  func answer(_ batch: RecordBatch, _ rows: RowNumbers) async throws -> Answer {
    try Task.checkCancellation()
    let count = batch.rowCount
    if run.parameters.layout.rows == .one, count > 1 {
      // Each of them is a run of its own anyway.
      return try await joined((0..<count).map { $0..<$0 + 1 }, batch, rows)
    }
    do {
      return Answer(column: try await run.predictions(batch, rows, type))
    } catch let error as InferenceError {
      guard let fault = error.fault else { throw error }
      if count == 1 { return Answer(column: try nulls(1), faults: [(0, fault)]) }
      if error.code == .invalidInput {
        let unreadable = try unreadable(batch, rows)
        if !unreadable.isEmpty {
          return try await answer(besides: unreadable, batch, rows)
        }
      }
    }
    let half = count / 2
    return try await joined([0..<half, half..<count], batch, rows)
  }

  /// The predictions of all rows but those that are known to fail.
  private func answer(
    besides unreadable: [(row: Int, fault: RowFault)], _ batch: RecordBatch, _ rows: RowNumbers
  ) async throws -> Answer {
    let count = batch.rowCount
    if unreadable.count == count { return Answer(column: try nulls(count), faults: unreadable) }
    let failed = Set(unreadable.map(\.row))
    let kept = (0..<count).filter { !failed.contains($0) }
    let others = try await answer(try batch.selecting(kept), rows.selecting(kept))
    let faults = unreadable + others.faults.map { (row: kept[$0.row], fault: $0.fault) }
    return Answer(
      column: try others.column.scattered(to: kept, count: count),
      faults: faults.sorted { $0.row < $1.row })
  }

  /// The predictions of parts of the batch, one after the other.
  private func joined(
    _ parts: [Range<Int>], _ batch: RecordBatch, _ rows: RowNumbers
  ) async throws -> Answer {
    var columns: [ArrowColumn] = []
    var faults: [(row: Int, fault: RowFault)] = []
    for part in parts {
      let answer = try await answer(batch.slice(part), rows.part(part))
      columns.append(answer.column)
      faults += answer.faults.map { (row: part.lowerBound + $0.row, fault: $0.fault) }
    }
    return Answer(column: try .concatenating(columns), faults: faults)
  }

  private func nulls(_ count: Int) throws -> ArrowColumn {
    try ArrowColumn([ArrowValue](repeating: .null, count: count), type: try type.arrowType())
  }

  /// The rows of which the model's inputs cannot be made, each alone; without a run of the model.
  private func unreadable(
    _ batch: RecordBatch, _ rows: RowNumbers
  ) throws -> [(row: Int, fault: RowFault)] {
    var faults: [(row: Int, fault: RowFault)] = []
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
