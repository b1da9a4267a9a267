public import ArrowIPC
import Models
public import SparkTypes

/// A function that turns the batches of a table's partitions into batches of another table, of any
/// length: Spark's `mapInArrow`.
///
/// ```swift
/// let adults = MapBatchesFunction("adults", returning: ["name": .string]) { batches in
///   batches.map { batch in try adultNames(batch) }
/// }
/// ```
/// The closure runs once for each task. What it returns must have the declared columns; they are put
/// into the declared order by name.
public struct MapBatchesFunction<Parameters: Codable & Sendable>: UserDefinedFunction {
  public let name: String
  /// The columns of the batches that the function gives.
  public let schema: StructType
  /// Whether all tasks of the stage must run at the same time, so that they can wait for each other.
  public let isBarrier: Bool
  private let body:
    @Sendable (RecordBatches, WorkerContext, Parameters) async throws -> any BatchSource

  public var kind: FunctionKind { .batches }

  /// A function with parameters that the driver gives when it applies the function.
  ///
  /// - Parameters:
  ///   - name: unique among the program's functions.
  ///   - returning: the columns of the result.
  ///   - isBarrier: whether the tasks need each other (see ``WorkerContext/barrier``).
  ///   - parameters: the type of the parameters.
  ///   - body: makes the batches of the result from those of one partition.
  public init<Results: AsyncSequence & SendableMetatype>(
    _ name: String, returning schema: StructType, isBarrier: Bool = false,
    parameters: Parameters.Type,
    body: @escaping @Sendable (RecordBatches, WorkerContext, Parameters) async throws -> Results
  ) where Results.Element == RecordBatch, Results.AsyncIterator: SendableMetatype {
    self.name = name
    self.schema = schema
    self.isBarrier = isBarrier
    self.body = { batches, worker, parameters in
      var iterator = try await body(batches, worker, parameters).makeAsyncIterator()
      return BatchGenerator { try await iterator.next() }
    }
  }

  public func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    let parameters = try invocation.decodeParameters(as: Parameters.self)
    let wanted: ArrowSchema
    do {
      let declared = try schema.arrowSchema(
        timeZone: worker.configuration["spark.sql.session.timeZone"] ?? "UTC")
      let isLarge = worker.configuration["spark.sql.execution.arrow.useLargeVarTypes"] == "true"
      wanted = isLarge ? declared.withLargeVariables : declared
    } catch {
      throw InferenceError(
        .invalidOutput, "the declared schema: \(error)", function: name, cause: error)
    }
    let results: any BatchSource
    do {
      results = try await body(RecordBatches(input), worker, parameters)
    } catch {
      throw named(error)
    }
    var firstRow = 0
    return BatchGenerator {
      try Task.checkCancellation()
      let batch: RecordBatch
      do {
        guard let result = try await results.next() else { return nil }
        batch = result
      } catch {
        throw named(error)
      }
      defer { firstRow += batch.rowCount }
      return try batch.fitted(to: wanted, function: name, rows: RowNumbers(start: firstRow))
    }
  }

  /// An error of the closure with the function's name; others have what a reader needs.
  private func named(_ error: any Error) -> any Error {
    if error is CancellationError || error is InferenceError || error is ArrowError { return error }
    return InferenceError(.prediction, "\(error)", function: name, cause: error)
  }

  /// Runs the function in this process over the batches of one partition, for tests and notebooks.
  ///
  /// - Throws: ``InferenceError``, or what the closure throws.
  public func evaluateLocally(
    on batches: [RecordBatch], parameters: Parameters,
    worker: WorkerContext = WorkerContext(models: ModelCache(capacity: 1))
  ) async throws -> [RecordBatch] {
    let invocation = try FunctionInvocation(
      function: self, fingerprint: "local", parameters: parameters)
    let output = try await evaluate(BatchList(batches), invocation: invocation, worker: worker)
    var results: [RecordBatch] = []
    while let batch = try await output.next() { results.append(batch) }
    return results
  }
}

extension MapBatchesFunction where Parameters == NoParameters {
  /// A function that sees its surroundings; see the initialiser with parameters.
  public init<Results: AsyncSequence & SendableMetatype>(
    _ name: String, returning schema: StructType, isBarrier: Bool = false,
    body: @escaping @Sendable (RecordBatches, WorkerContext) async throws -> Results
  ) where Results.Element == RecordBatch, Results.AsyncIterator: SendableMetatype {
    self.init(name, returning: schema, isBarrier: isBarrier, parameters: NoParameters.self) {
      batches, worker, _ in try await body(batches, worker)
    }
  }

  /// A function of nothing but batches; see the initialiser with parameters.
  public init<Results: AsyncSequence & SendableMetatype>(
    _ name: String, returning schema: StructType, isBarrier: Bool = false,
    body: @escaping @Sendable (RecordBatches) async throws -> Results
  ) where Results.Element == RecordBatch, Results.AsyncIterator: SendableMetatype {
    self.init(name, returning: schema, isBarrier: isBarrier, parameters: NoParameters.self) {
      batches, _, _ in try await body(batches)
    }
  }

  /// Runs the function in this process; see the form with parameters.
  ///
  /// - Throws: `InferenceError`, or what the closure throws.
  public func evaluateLocally(
    on batches: [RecordBatch],
    worker: WorkerContext = WorkerContext(models: ModelCache(capacity: 1))
  ) async throws -> [RecordBatch] {
    try await evaluateLocally(on: batches, parameters: NoParameters(), worker: worker)
  }
}

extension ArrowSchema {
  fileprivate var withLargeVariables: ArrowSchema {
    ArrowSchema(
      fields.map {
        ArrowField(
          $0.name, $0.type.withLargeVariables, isNullable: $0.isNullable, metadata: $0.metadata)
      }, metadata: metadata)
  }
}

extension RecordBatch {
  /// The batch under a declared schema, its columns in that order.
  ///
  /// - Throws: ``InferenceError`` in the words of PySpark's `mapInArrow` where names or types differ.
  func fitted(
    to wanted: ArrowSchema, function: String, rows: RowNumbers
  ) throws -> RecordBatch {
    func fail(_ message: String, cause: (any Error)? = nil) -> InferenceError {
      InferenceError(.invalidOutput, message, function: function, cause: cause)
    }
    let found = schema.fields.map(\.name)
    let names = wanted.fields.map(\.name)
    var order = Array(names.indices)
    if found != names {
      let missing = names.filter { !found.contains($0) }
      let unexpected = found.filter { !names.contains($0) }
      guard missing.isEmpty, unexpected.isEmpty, found.count == names.count else {
        throw fail(
          "Column names of the returned batch do not match specified schema."
            + (missing.isEmpty ? "" : " Missing: \(missing.joined(separator: ", ")).")
            + (unexpected.isEmpty ? "" : " Unexpected: \(unexpected.joined(separator: ", ")).")
            + " Expected: \(names.joined(separator: ", ")); got: \(found.joined(separator: ", "))")
      }
      order = names.compactMap { schema.index(of: $0) }
    }
    let differences = zip(order, wanted.fields).compactMap { position, field -> String? in
      let type = columns[position].type
      if type.isExchangeable(with: field.type) { return nil }
      return "column '\(field.name)' (expected \(field.type), actual \(type))"
    }
    guard differences.isEmpty else {
      throw fail(
        "Columns do not match in their data type: \(differences.joined(separator: ", ")); convert "
          + "the column, or declare its type")
    }
    let fittedColumns = try zip(order, wanted.fields).map { position, field -> ArrowColumn in
      let column: ArrowColumn
      do {
        column = try columns[position].relaid(as: field.type)
      } catch {
        throw fail("column '\(field.name)': \(error)", cause: error)
      }
      if let (row, name) = column.undeclaredNull(field) {
        throw fail(
          "column '\(name)', row \(rows[row]) of the result is null, but it is declared without "
            + "nulls")
      }
      return column
    }
    return try RecordBatch(schema: wanted, columns: fittedColumns, rowCount: rowCount)
  }
}
