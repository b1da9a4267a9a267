package import ArrowIPC
import Models

/// The batches of a table on their way past a function of columns, which gives a row for each of theirs.
package final class PassedTable: BatchSource {
  private let base: any BatchSource
  private let arguments: [BatchModelPrediction.Argument]
  /// The rows whose predictions are not there yet.
  private var waiting: [RecordBatch] = []

  package init(_ base: any BatchSource, arguments: [BatchModelPrediction.Argument]) {
    self.base = base
    self.arguments = arguments
  }

  /// The next batch's columns for the function; the batch itself waits for ``beside(_:)``.
  package func next() async throws -> RecordBatch? {
    guard let batch = try await base.next() else { return nil }
    if batch.rowCount > 0 { waiting.append(batch) }
    let columns = try arguments.map { try batch.column(at: $0) }
    return try RecordBatch(
      schema: ArrowSchema(zip(arguments, columns).map { ArrowField($0.name, $1.type) }),
      columns: columns, rowCount: batch.rowCount)
  }

  /// Whether all rows that were handed out have come back.
  package var isComplete: Bool { waiting.isEmpty }

  /// The oldest rows with their predictions as further columns, as many as one batch of the table
  /// has of them, and the predictions that are left.
  package func beside(_ outputs: RecordBatch) throws -> (RecordBatch, rest: RecordBatch?) {
    guard let batch = waiting.first else {
      throw InferenceError(
        .invalidOutput, "the function gave \(outputs.rowCount) rows too many")
    }
    let rows = min(batch.rowCount, outputs.rowCount)
    if rows == batch.rowCount {
      waiting.removeFirst()
    } else {
      waiting[0] = batch.slice(rows..<batch.rowCount)
    }
    let result = try RecordBatch(
      schema: ArrowSchema(batch.schema.fields + outputs.schema.fields),
      columns: batch.slice(0..<rows).columns + outputs.slice(0..<rows).columns, rowCount: rows)
    return (result, rows == outputs.rowCount ? nil : outputs.slice(rows..<outputs.rowCount))
  }
}

extension RecordBatch {
  fileprivate func column(at argument: BatchModelPrediction.Argument) throws -> ArrowColumn {
    var found: ArrowColumn?
    for position in argument.path {
      let candidates = found == nil ? columns : found?.children ?? []
      guard candidates.indices.contains(position) else {
        throw InferenceError(
          .invalidInput,
          "the column '\(argument.name)' is missing among "
            + schema.fields.map(\.description).joined(separator: ", "),
          function: ModelPrediction.name)
      }
      found = found?.nullableField(position) ?? columns[position]
    }
    guard let found else {
      throw InferenceError(
        .invalidCommand, "the column '\(argument.name)' has no place",
        function: ModelPrediction.name)
    }
    return found
  }
}
