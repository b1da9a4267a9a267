import ArrowIPC
import SparkTypes

extension BatchChunks.Chunk {
  /// The answer for all rows of the chunk: what `answer` gives for those that it is to see, and nulls
  /// where a row with a null was kept from it. It is not asked if no row is left.
  ///
  /// - Parameters:
  ///   - type: of the answer.
  ///   - answer: gets the rows and their numbers, and gives a column of as many.
  func answered(
    nulls: NullPolicy, type: DataType,
    by answer: (RecordBatch, RowNumbers) async throws -> ArrowColumn
  ) async throws -> ArrowColumn {
    let kept = nulls == .skip ? batch.rowsWithoutNulls() : nil
    let seen = try kept.map { try batch.selecting($0) } ?? batch
    let column: ArrowColumn
    if seen.rowCount == 0 {
      column = .empty(try type.arrowType())
    } else {
      column = try await answer(seen, RowNumbers(start: firstRow, kept: kept))
    }
    return try kept.map { try column.scattered(to: $0, count: batch.rowCount) } ?? column
  }
}
