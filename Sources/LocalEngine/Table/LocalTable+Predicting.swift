import ArrowIPC
public import ModelKinds
public import Models
public import SparkFunctions
import SparkTypes
public import Tensors

extension LocalTable {
  /// Adds the outputs of a model as columns; no code needed.
  ///
  /// The parameters are those of `DataFrame.predicting`, and everything is checked in the same way and
  /// in the same words. The model is loaded once, here, and serves all threads.
  ///
  /// - Parameters:
  ///   - source: the model.
  ///   - inputs: the column, or columns, that feed each input of the model.
  ///   - outputs: names of the new columns by output; an output that is not given keeps its name.
  ///   - only: the outputs that are wanted, in the order of their columns; `nil` for all.
  ///   - structure: the name of one new column, a struct with the outputs as its fields.
  ///   - batchSize: the number of rows that the model gets at once; `nil` for that of its kind.
  ///   - batch: the dimension that counts the rows, where names and positions do not tell.
  ///   - rows: what is to be thought of rows that run together.
  ///   - nulls: what happens to nulls in the input.
  ///   - ragged: what happens to rows that differ in length.
  ///   - errors: what becomes of rows that cannot be predicted; by default the first one ends the job.
  ///   - maxErrors: how many of them may be before the job ends; `nil` for any number. It is counted over
  ///     all threads; ``LocalSummary/failures`` tells what failed.
  ///   - transforms: what outputs become instead of their numbers: probabilities, the greatest one's
  ///     position, or the best classes with their labels.
  ///   - shapes: the shapes of one row of inputs whose declared ones vary, such as `[3, 224, 224]`.
  ///   - constants: values of inputs that no column feeds, the same for all rows.
  /// - Throws: an error that names the input, output or column that does not fit; the runtime's if the
  ///   model cannot be loaded.
  public func predicting(
    _ source: ModelSource, inputs: [String: InputColumns] = [:], outputs: [String: String] = [:],
    only: [String]? = nil, into structure: String? = nil, batchSize: Int? = nil,
    batch: BatchDimension? = nil, rows: RowRelation = .checked, nulls: NullPolicy = .fail,
    ragged: RaggedPolicy = .fail, errors: ErrorPolicy = .fail, maxErrors: ErrorLimit? = nil,
    transforms: [String: OutputTransform] = [:], shapes: [String: Shape] = [:],
    constants: [String: InputConstant] = [:]
  ) async throws -> LocalTable {
    try Self.check(source)
    return try await predicting(
      source, loaded: try await source.load(),
      PredictionRequest(
        inputs: inputs, outputs: outputs, only: only, into: structure, batchSize: batchSize,
        batch: batch, rows: rows, nulls: nulls, ragged: ragged, errors: errors,
        maxErrors: maxErrors, transforms: transforms, shapes: shapes, constants: constants))
  }

  /// Makes sure that this process can run the model.
  ///
  /// - Throws: ``LocalTableError`` if only executors can.
  package static func check(_ source: ModelSource) throws {
    guard !source.isOfExecutors else {
      throw LocalTableError(
        .needsSpark,
        "the model \(source.path) runs beside Spark's executors, and needs them; predict a DataFrame "
          + "(spark.read ...) with it")
    }
  }

  /// The same with the model at hand, which this process has loaded already.
  package func predicting(
    _ source: ModelSource, loaded model: any Model, _ request: PredictionRequest
  ) async throws -> LocalTable {
    let names = model.inputs.map(\.name).filter { request.constants[$0] == nil }
    let vectors = VectorInputs(table: schema, inputs: request.inputs, models: names)
    if !vectors.arrays.isEmpty {
      var arrays = request
      arrays.inputs = vectors.replaced(request.inputs, table: schema, models: names)
      return try await adding(vectors).predicting(source, loaded: model, arrays)
        .drop(Array(vectors.arrays.values))
    }
    let reference = source.reference(source.path)
    let plan = try await source.plan(model, reference: reference, table: schema, request)
    let function = ModelPrediction(loaders: [source.format: { _, _, _ in model }])
    let arguments = try zip(plan.argumentPaths, plan.argumentColumns).map { path, name in
      try found(path, name: name).0
    }
    let invocation = FunctionInvocation(
      function: function.name, id: function.name, fingerprint: "local",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let type = try DataType.struct(plan.returnType).arrowType()
    let isStructure = request.structure != nil
    let models = ModelCache(capacity: 1)
    let fields =
      request.structure.map { [StructField($0, .struct(plan.returnType))] }
      ?? plan.returnType.fields
    var table = self
    let added = try table.add(
      fields, arguments: arguments, batchRows: plan.parameters.batchSize,
      rowBytes: plan.parameters.rowBytes
    ) { batch, worker in
      var worker = worker
      worker.models = models
      let output = try await function.evaluate(
        BatchList([batch]), invocation: invocation, worker: worker)
      let column = try await output.onlyColumn(
        rows: batch.rowCount, type: type, function: function.name)
      return isStructure
        ? [column] : column.type.childFields.indices.map { column.nullableField($0) }
    }
    table.columns += added
    table.lineage.add(PredictionLineage(source, request), columns: added.map(\.id), request)
    return table
  }

  /// The table with arrays beside the vectors that feed a model.
  private func adding(_ vectors: VectorInputs) throws -> LocalTable {
    var table = self
    for (name, array) in vectors.arrays.sorted(by: { $0.key < $1.key }) {
      let path = try found([name], name: name).0
      table.columns += try table.add(
        [StructField(array, .array(.double, containsNull: false))], arguments: [path],
        batchRows: 1
      ) { batch, _ in [try SparkVectors.arrays(batch.columns[0], name: name)] }
    }
    return table
  }
}

extension ModelPrediction.Parameters {
  /// The bytes of a row's tensors, if the model declares them.
  fileprivate var rowBytes: Int? {
    var bytes = 0
    for (input, place) in zip(inputs, layout.inputs) {
      guard let elements = input.rowShape(at: place)?.elementCount else { return nil }
      bytes += elements * (input.specification.elementType.byteCount ?? 16)
    }
    return bytes
  }
}
