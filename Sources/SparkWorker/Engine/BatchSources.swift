import ArrowIPC
import SparkFunctions

extension BatchSource {
  /// What `change` makes of each batch.
  private func mapped(
    _ change: @escaping (RecordBatch) throws -> RecordBatch
  ) -> any BatchSource {
    BatchGenerator { [self] in
      try Task.checkCancellation()
      return try await next().map(change)
    }
  }

  /// The arguments of a function: some of the input's columns, in their order.
  func selecting(_ columns: [Int]) -> any BatchSource {
    mapped { batch in
      if let missing = columns.first(where: { $0 >= batch.columns.count }) {
        throw WorkerError(
          .protocolViolation,
          "a function's argument is column \(missing) of an input of \(batch.columns.count) columns"
        )
      }
      return try RecordBatch(
        schema: ArrowSchema(columns.map { batch.schema.fields[$0] }),
        columns: columns.map { batch.columns[$0] }, rowCount: batch.rowCount)
    }
  }

  /// The columns of a table that Spark wrapped into one struct column.
  func unwrapped() -> any BatchSource {
    mapped { batch in
      guard batch.columns.count == 1, case .structure(let fields) = batch.columns[0].type else {
        throw WorkerError(
          .protocolViolation,
          "mapInArrow expects one struct column, Spark sent \(batch.columns.map(\.type))")
      }
      let table = batch.columns[0]
      return try RecordBatch(
        schema: ArrowSchema(fields), columns: fields.indices.map { table.field($0) },
        rowCount: batch.rowCount)
    }
  }

  /// The tables that `function` gave wrapped into one struct column, as Spark wants them from
  /// `mapInArrow`.
  func wrapped(_ function: String) -> any BatchSource {
    var first: [ArrowField]?
    return mapped { batch in
      let fields = first ?? batch.schema.fields
      first = fields
      guard fields.map(\.type) == batch.columns.map(\.type) else {
        throw WorkerError(
          .wrongOutput,
          "the batches differ: \(fields) in the first one, later \(batch.schema.fields)",
          function: function)
      }
      return try RecordBatch([
        ("_0", try ArrowColumn.structure(fields, batch.columns, count: batch.rowCount))
      ])
    }
  }
}

/// Counts the rows that a function took, and ends when the task was cancelled.
final class CountedBatches: BatchSource {
  private let base: any BatchSource
  /// Rows taken so far.
  private(set) var rows = 0
  /// Whether the function saw the end.
  private(set) var isAtEnd = false

  init(_ base: any BatchSource) { self.base = base }

  func next() async throws -> RecordBatch? {
    if isAtEnd { return nil }
    try Task.checkCancellation()
    guard let batch = try await base.next() else {
      isAtEnd = true
      return nil
    }
    rows += batch.rowCount
    return batch
  }
}

/// What a function of columns gave, checked: one column, in all as many rows as it took.
///
/// Spark does not compare the numbers of rows; rows would get lost or belong to others in silence.
final class CheckedColumn: BatchSource {
  private let base: any BatchSource
  private let input: CountedBatches
  private let function: String
  private var rows = 0

  init(_ base: any BatchSource, input: CountedBatches, function: String) {
    self.base = base
    self.input = input
    self.function = function
  }

  func next() async throws -> RecordBatch? {
    try Task.checkCancellation()
    guard let batch = try await base.next() else {
      // A function may stop when it has as many rows as it needs; the input must be over then.
      while !input.isAtEnd, input.rows <= rows { _ = try await input.next() }
      guard rows == input.rows else { throw wrongCount() }
      return nil
    }
    guard batch.columns.count == 1 else {
      throw WorkerError(
        .wrongOutput, "a batch of \(batch.columns.count) columns was given, expected one column",
        function: function)
    }
    rows += batch.rowCount
    if rows > input.rows { throw wrongCount() }
    return batch
  }

  private func wrongCount() -> WorkerError {
    WorkerError(
      .wrongRowCount,
      "\(rows) rows were given for \(input.rows) rows of input\(input.isAtEnd ? "" : " so far"); a "
        + "function must give exactly one row for each row that it takes, in the same order",
      function: function)
  }
}
