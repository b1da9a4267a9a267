import ArrowIPC
import SparkTypes

/// Cuts a stream of batches into chunks of a fixed number of rows, the last one shorter.
///
/// A chunk that lies within one batch is a view of it; one that spans several is copied together, so
/// that a model always gets full chunks, however Spark cut its batches.
final class BatchChunks {
  /// A number of rows and where they begin in the stream.
  struct Chunk {
    var batch: RecordBatch
    /// The numbers of its rows.
    var rows: RowNumbers
  }

  private let source: any BatchSource
  private let size: Int
  private var rest: RecordBatch?
  private let numbers: RowNumbers
  private var taken = 0

  /// - Parameter origin: how the stream's rows are numbered.
  init(_ source: any BatchSource, size: Int, of origin: RowOrigin = RowOrigin()) {
    self.source = source
    self.size = size
    numbers = RowNumbers(start: origin.first, kept: origin.kept)
  }

  /// The next chunk, never empty; `nil` at the end.
  func next() async throws -> Chunk? {
    var parts: [RecordBatch] = []
    var missing = size
    while missing > 0 {
      try Task.checkCancellation()
      let taken: RecordBatch?
      if let rest { taken = rest } else { taken = try await source.next() }
      guard let batch = taken else { break }
      rest = nil
      if batch.rowCount == 0 { continue }
      if batch.rowCount <= missing {
        parts.append(batch)
        missing -= batch.rowCount
      } else {
        parts.append(batch.slice(0..<missing))
        rest = batch.slice(missing..<batch.rowCount)
        missing = 0
      }
    }
    if parts.isEmpty { return nil }
    let range = taken..<taken + size - missing
    taken = range.upperBound
    return Chunk(batch: try .concatenating(parts), rows: numbers.part(range))
  }
}

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
      column = try await answer(seen, kept.map { rows.selecting($0) } ?? rows)
    }
    return try kept.map { try column.scattered(to: $0, count: batch.rowCount) } ?? column
  }
}
