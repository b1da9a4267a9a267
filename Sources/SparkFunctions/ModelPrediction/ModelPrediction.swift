import ArrowIPC
public import Models
public import SparkTypes
public import Tensors

/// The built-in function behind the form that needs no code: it runs a model file on columns and
/// gives a struct of the model's outputs.
///
/// ``plan(model:reference:table:inputs:outputs:only:into:batchSize:batch:rows:rowShapes:nulls:ragged:errors:maxErrors:transforms:shapes:constants:)``
/// makes the parameters on the driver, checked against the model and the table.
public struct ModelPrediction: UserDefinedFunction {
  /// The function's name in every program.
  public static let name = "needletail.predict"

  /// What the driver sends to the executors.
  public struct Parameters: Codable, Hashable, Sendable {
    /// The model to load.
    public var model: ModelReference
    /// What feeds each input of the model.
    public var inputs: [InputBinding]
    /// What becomes of the outputs that are wanted.
    public var outputs: [OutputBinding]
    /// Where the tensors of ``inputs`` and ``outputs`` have their rows, and how many a run takes: of a
    /// fixed number the last batch is filled up.
    public var layout: BatchLayout
    /// What is to be thought of rows that run together.
    public var rows: RowRelation
    /// The number of rows that are taken from the table at once.
    public var batchSize: Int
    /// What becomes of missing values.
    public var nulls: NullPolicy
    /// What becomes of arrays that are too short.
    public var ragged: RaggedPolicy
    /// What becomes of rows that cannot be predicted.
    public var errors: ErrorPolicy
    /// How many of them may be.
    public var maxErrors: ErrorLimit?
    /// Of a function that is called by name, whether it gives its only output itself instead of a
    /// struct; `nil` of others, which give a struct.
    public var isBare: Bool?
    /// The name of a further column for who counts the rows that fail: which row it was, and what was wrong
    /// with it. It is null in all other rows; `nil` for no such column.
    var failureColumn: String?

    /// The struct that the function gives.
    var returnType: StructType {
      var type = ModelPrediction.returnType(of: outputs)
      if case .column(let name) = errors { type.fields.append(StructField(name, .string)) }
      if let failureColumn { type.fields.append(StructField(failureColumn, .string)) }
      return type
    }
  }

  /// An input of the model and the arguments of the function that feed it.
  public struct InputBinding: Codable, Hashable, Sendable {
    /// The input, as the driver's model declares it.
    public var specification: TensorSpecification
    /// Positions among the function's arguments; none for a constant.
    public var columns: [Int]
    /// The shape of one row, if the user said it.
    public var givenShape: Shape?
    /// What the input is for all rows, if no column feeds it.
    public var constant: ConstantTensor?
  }

  /// An output of the model and the field of the result that it becomes.
  public struct OutputBinding: Codable, Hashable, Sendable {
    /// The output, as the driver's model declares it.
    public var specification: TensorSpecification
    /// The shape of one row, ``Shape/dynamic`` where it varies; `nil` if nothing tells.
    public var rowShape: Shape?
    /// The name of the field.
    public var column: String
    /// Whether the output is a map of numbers for each row, whose values are the tensor.
    public var isMap = false
    /// Whether the output is a sequence of tensors, whose values for a row stand side by side in the tensor.
    public var isSequence = false
    /// What the output becomes before it is a field; `nil` if it is wanted as it is.
    public var transform: OutputTransform?
  }

  private let loaders: [ModelFormat: ModelLoader]
  private let placement: ModelPlacement

  public var name: String { Self.name }
  public var kind: FunctionKind { .column }

  /// - Parameters:
  ///   - loaders: what loads the models of each format.
  ///   - placement: what says where they are loaded; by default all tasks share one model.
  public init(
    loaders: [ModelFormat: ModelLoader], placement: @escaping ModelPlacement = { _, _, _ in nil }
  ) {
    self.loaders = loaders
    self.placement = placement
  }

  public func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    let parameters = try invocation.decodeParameters(as: Parameters.self)
    let path =
      parameters.model.isAddress ? parameters.model.file : worker.file(parameters.model.file)
    let chunks = BatchChunks(input, size: max(parameters.batchSize, 1), of: worker.rows)
    let label = "\(name)(\(parameters.model.name))"
    // Where other tasks of the process share the count, whoever runs them all looks at it at the end.
    var tally: FaultTally?
    let task = TriedTasks.Task(worker, invocation)
    if parameters.errors != .fail {
      tally =
        worker.faults?.tally(
          of: invocation.parameters, limit: parameters.maxErrors, function: label)
        ?? FaultTally(limit: parameters.maxErrors, function: label) {
          TriedTasks.shared.note($0, of: task)
        }
    }
    let isShared = worker.faults != nil
    let known =
      isShared ? nil : TriedTasks.shared.failure(of: task, attempt: worker.attempt)
    let errors = ErrorColumn()
    var loaded: LoadedModel?
    return BatchGenerator {
      if let known { throw known }
      guard let chunk = try await chunks.next() else {
        if !isShared { try tally?.finish() }
        return nil
      }
      try parameters.checkCall(
        chunk.batch.columns.count, names: invocation.argumentNames, label: label)
      let model: LoadedModel
      if let loaded {
        model = loaded
      } else {
        model = try await load(parameters.model, path, worker)
        try checkSame(model.model, parameters, path)
        loaded = model
      }
      let run = ModelRun(
        model: model.model, learned: model.learned, refusals: model.refusals,
        parameters: parameters,
        argumentNames: chunk.batch.columns.indices.map { invocation.argumentName($0) },
        label: label, origin: worker.rows, partition: worker.partition, tally: tally,
        errors: errors)
      let predictions = try await run.predictions(chunk)
      let isBare = parameters.isBare ?? false
      return try RecordBatch([(name, isBare ? predictions.nullableField(0) : predictions)])
    }
  }

  private func load(
    _ reference: ModelReference, _ path: String, _ worker: WorkerContext
  ) async throws -> LoadedModel {
    guard let loader = loaders[reference.format] else {
      let known = loaders.keys.map(\.rawValue).sorted().joined(separator: ", ")
      throw InferenceError(
        .modelLoad,
        "this program has no loader for \(reference.format.rawValue) models (it has: \(known))",
        function: name)
    }
    do {
      let device = try placement(reference, path, worker).map { " on \($0)" } ?? ""
      let key = ModelCache.Key(
        id: "\(name): \(path)\(device)", parameters: try FunctionInvocation.encode(reference))
      return try await worker.models.value(for: key, as: LoadedModel.self) {
        LoadedModel(model: ModelWithMaps.wrapping(try await loader(reference, path, worker)))
      }
    } catch {
      throw InferenceError.loading(error, function: "\(name)(\(reference.name))")
    }
  }

  /// Makes sure that the executor's model is the one that the driver planned for.
  private func checkSame(_ model: any Model, _ parameters: Parameters, _ path: String) throws {
    for (kind, planned, found) in [
      ("input", parameters.inputs.map(\.specification), model.inputs),
      ("output", parameters.outputs.map(\.specification), model.outputs),
    ] {
      for specification in planned {
        let other = found.first { $0.name == specification.name }
        guard other?.elementType == specification.elementType, other?.shape == specification.shape
        else {
          throw InferenceError(
            .modelLoad,
            "the model \(parameters.model.name) on the executor (\(path)) has \(other.map { "the \(kind) \($0)" } ?? "no \(kind) \(specification.name)"), "
              + "the driver's has \(specification): its server has another version, or the executor another "
              + "runtime; make them the same, and run the job again",
            function: name)
        }
      }
    }
  }
}

/// A model as the cache keeps it.
private struct LoadedModel: Sendable {
  let model: any Model
  let learned = LearnedRows()
  let refusals = LearnedRefusals()
}

extension ModelPrediction {
  /// The Spark type of the column that an output becomes.
  ///
  /// An output of one element a row (`[rows]` or `[rows, 1]`) is a scalar column. All others are arrays
  /// of the elements of a row in row-major order, whatever their rank; so is an output whose shape
  /// nothing tells. Maps are `map<string,double>`, and sequences of tensors an array with an array of the
  /// row's elements of each tensor. ``OutputTransform`` says what others become.
  public static func columnType(of output: OutputBinding) -> DataType {
    output.transform?.columnType(of: output) ?? numbersType(of: output)
  }

  /// The type of a column with what an output is.
  static func numbersType(of output: OutputBinding) -> DataType {
    if output.isMap { return MapRows.type }
    let element = elementColumnType(output.specification.elementType)
    if output.isSequence { return .array(.array(element)) }
    let isScalar = output.rowShape == [] || output.rowShape == [1]
    return isScalar ? element : .array(element)
  }

  /// The Spark type of a column of single elements.
  static func elementColumnType(_ type: ElementType) -> DataType {
    switch type {
    case .bool: .boolean
    case .int8: .byte
    case .int16, .uint8: .short
    case .int32, .uint16: .integer
    case .int64, .uint32, .uint64: .long
    case .float16, .bfloat16, .float32: .float
    case .float64: .double
    case .string: .string
    }
  }

  /// The struct of the outputs.
  public static func returnType(of outputs: [OutputBinding]) -> StructType {
    StructType(outputs.map { StructField($0.column, columnType(of: $0)) })
  }
}
