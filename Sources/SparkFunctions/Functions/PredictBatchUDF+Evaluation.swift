public import ArrowIPC
import Models
import SparkTypes
import Tensors

/// A predict closure as the model cache keeps it.
private struct LoadedFunction<each Input: PredictInput, Output: PredictOutput>: Sendable {
  let predict: @Sendable (repeat each Input) async throws -> Output
}

extension PredictBatchUDF {
  public func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    try checkDefinition(Self.requirements)
    let chunks = BatchChunks(input, size: batchSize, of: worker.rows)
    var loaded: LoadedFunction<repeat each Input, Output>?
    return BatchGenerator {
      // A partition without rows needs no model.
      guard let chunk = try await chunks.next() else { return nil }
      let function: LoadedFunction<repeat each Input, Output>
      if let loaded {
        function = loaded
      } else {
        function = try await model(invocation, worker)
        loaded = function
      }
      return try await predict(chunk, function, invocation, worker.rows)
    }
  }

  /// The predict closure, from the process's cache.
  private func model(
    _ invocation: FunctionInvocation, _ worker: WorkerContext
  ) async throws -> LoadedFunction<repeat each Input, Output> {
    let parameters = try invocation.decodeParameters(as: Parameters.self)
    do {
      return try await worker.models.value(for: ModelCache.Key(invocation, worker)) {
        LoadedFunction(predict: try await load(worker, parameters))
      }
    } catch {
      throw InferenceError.loading(error, function: name)
    }
  }

  /// The predictions of one chunk.
  private func predict(
    _ chunk: BatchChunks.Chunk, _ function: LoadedFunction<repeat each Input, Output>,
    _ invocation: FunctionInvocation, _ origin: RowOrigin
  ) async throws -> RecordBatch {
    let column = try await chunk.answered(nulls: nulls, type: returnType) { batch, rows in
      try await predictions(batch, rows, function, invocation, origin)
    }
    return try RecordBatch([(name, column)])
  }

  /// The predictions of rows that the closure sees.
  private func predictions(
    _ batch: RecordBatch, _ rows: RowNumbers,
    _ function: LoadedFunction<repeat each Input, Output>, _ invocation: FunctionInvocation,
    _ origin: RowOrigin
  ) async throws -> ArrowColumn {
    var arguments = try arguments(batch, rows, invocation)[...]
    let inputs = (repeat try next((each Input).self, &arguments))
    let output: Output
    do {
      output = try await function.predict(repeat each inputs)
    } catch {
      throw InferenceError.predicting(
        error, rows: rows[0], rows[batch.rowCount - 1], of: origin.whole, function: name)
    }
    return try output.column(
      OutputRequest(
        type: returnType, rowCount: batch.rowCount, rows: rows, flattening: flattening,
        function: name))
  }

  private func next<Value: PredictInput>(
    _: Value.Type, _ arguments: inout ArraySlice<InputArgument>
  ) throws -> Value {
    guard let argument = arguments.popFirst() else {
      throw InferenceError(.invalidInput, "an input has no column", function: name)
    }
    return try Value(argument)
  }

  /// The columns of a batch in terms of the inputs.
  private func arguments(
    _ batch: RecordBatch, _ rows: RowNumbers, _ invocation: FunctionInvocation
  ) throws -> [InputArgument] {
    let inputs = Self.requirements
    let types = try batch.columns.map { try DataType(arrow: $0.type) }
    var columns = batch.columns.enumerated().map { (invocation.argumentName($0), $1) }
    switch try arrangement(types, inputs) {
    case .columns: break
    case .fields:
      let (name, column) = columns[0]
      if let row = column.firstNull {
        throw InferenceError(
          .invalidInput, "column '\(name)', row \(rows[row]): the struct is null",
          function: self.name)
      }
      columns = column.type.childFields.enumerated().map {
        ("\(name).\($1.name)", column.field($0))
      }
    case .batch:
      let fields = columns.map { ArrowField($0.0, $0.1.type) }
      columns = [("*", try .structure(fields, batch.columns, count: batch.rowCount))]
    }
    let shapes = try inputTensorShapes.expanded(to: inputs.count, function: name)
    return try columns.enumerated().map { index, column in
      var argument = InputArgument(
        column: column.1, rowShape: shapes[index], name: column.0, rows: rows, nulls: nulls,
        ragged: ragged, function: name)
      if inputs[index].form == .tensor { try prepare(&argument) }
      return argument
    }
  }

  /// Fits a column to a tensor input.
  private func prepare(_ argument: inout InputArgument) throws {
    if case .structure(let fields) = argument.column.type {
      let hasTensors = fields.contains { $0.type.listElement != nil || $0.type.isBinary }
      if fields.count == 1, hasTensors {
        argument = argument.with(
          argument.column.field(0), name: "\(argument.name).\(fields[0].name)")
      } else if hasTensors {
        throw multipleColumns(fields.count)
      } else if let shape = argument.rowShape, !shape.fills(fields.count) {
        throw argument.failure(
          "Input data does not match expected shape. The struct has \(fields.count) fields, the "
            + "shape is \(shape)")
      }
    }
    let type = argument.column.type
    if type.listElement != nil || type.isBinary {
      if inputTensorShapes.isEmpty, type.listElement != nil {
        throw argument.failure(Self.shapesMissingMessage(try DataType(arrow: type)))
      }
    } else if type.childFields.isEmpty, let shape = argument.rowShape, !shape.isOfScalars {
      throw argument.failure(Self.scalarShapeMessage(shape))
    }
  }

  /// Runs the function in this process, for tests and notebooks: the same conversions and checks as
  /// on an executor.
  ///
  /// - Parameters:
  ///   - batches: batches of the function's columns, in order.
  ///   - worker: where files lie, and the cache of models; by default the current directory and a
  ///     cache of its own.
  /// - Returns: the predictions of all batches as one column.
  /// - Throws: ``InferenceError``.
  public func predictLocally(
    on batches: [RecordBatch], parameters: Parameters,
    worker: WorkerContext = WorkerContext(models: ModelCache(capacity: 1))
  ) async throws -> ArrowColumn {
    let names = batches.first?.schema.fields.map(\.name) ?? []
    let invocation = try FunctionInvocation(
      function: self, fingerprint: "local", parameters: parameters, argumentNames: names)
    if let schema = batches.first?.schema {
      try check(
        arguments: schema.fields.map { (name: $0.name, type: try DataType(arrow: $0.type)) })
    }
    let output = try await evaluate(BatchList(batches), invocation: invocation, worker: worker)
    var columns: [ArrowColumn] = []
    while let batch = try await output.next() { columns += batch.columns }
    if columns.isEmpty { return .empty(try returnType.arrowType()) }
    return try .concatenating(columns)
  }
}

extension PredictBatchUDF where Parameters == NoParameters {
  /// Runs the function in this process; see the form with parameters.
  ///
  /// - Throws: `InferenceError`.
  public func predictLocally(
    on batches: [RecordBatch],
    worker: WorkerContext = WorkerContext(models: ModelCache(capacity: 1))
  ) async throws -> ArrowColumn {
    try await predictLocally(on: batches, parameters: NoParameters(), worker: worker)
  }
}
