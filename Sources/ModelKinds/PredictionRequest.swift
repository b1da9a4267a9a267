package import Models
package import SparkFunctions
package import SparkTypes
package import Tensors

/// What is asked of a prediction beside the model, whoever computes it.
package struct PredictionRequest: Sendable {
  package var inputs: [String: InputColumns]
  package var outputs: [String: String]
  /// The outputs that are wanted; `nil` for all.
  package var only: [String]?
  /// The name of one new column with the outputs as its fields.
  package var structure: String?
  /// `nil` for that of the model's kind.
  package var batchSize: Int?
  package var batch: BatchDimension?
  package var rows: RowRelation
  package var nulls: NullPolicy
  package var ragged: RaggedPolicy
  package var errors: ErrorPolicy
  package var maxErrors: ErrorLimit?
  /// What becomes of outputs whose numbers are not wanted themselves.
  package var transforms: [String: OutputTransform]
  /// The shapes of one row of inputs whose declared ones vary.
  package var shapes: [String: Shape]
  /// Values of inputs that no column feeds.
  package var constants: [String: InputConstant]
  /// A further column that tells of each row which failed what it was, for who counts them; `nil` for none.
  package var failureColumn: String?

  package init(
    inputs: [String: InputColumns] = [:], outputs: [String: String] = [:], only: [String]? = nil,
    into structure: String? = nil, batchSize: Int? = nil, batch: BatchDimension? = nil,
    rows: RowRelation = .checked, nulls: NullPolicy = .fail, ragged: RaggedPolicy = .fail,
    errors: ErrorPolicy = .fail, maxErrors: ErrorLimit? = nil,
    transforms: [String: OutputTransform] = [:], shapes: [String: Shape] = [:],
    constants: [String: InputConstant] = [:]
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.only = only
    self.structure = structure
    self.batchSize = batchSize
    self.batch = batch
    self.rows = rows
    self.nulls = nulls
    self.ragged = ragged
    self.errors = errors
    self.maxErrors = maxErrors
    self.transforms = transforms
    self.shapes = shapes
    self.constants = constants
  }
}

extension ModelSource {
  /// Fits the model to a table, after a trial where one is needed.
  ///
  /// - Parameters:
  ///   - model: the model, as this process has loaded it.
  ///   - reference: the model, as those load it who compute.
  /// - Throws: `InferenceError` that names the input, output or column that does not fit;
  ///   `NeedletailError` if labels beside the model cannot be read.
  package func plan(
    _ model: any Model, reference: ModelReference, table: StructType, _ request: PredictionRequest
  ) async throws -> PredictionPlan {
    let size = request.batchSize ?? kind.batchSize
    let rowShapes = try await ModelPrediction.tried(
      model, name: path, only: request.only, batch: request.batch, batchSize: size,
      rows: request.rows, shapes: request.shapes, constants: request.constants)
    let plan = try ModelPrediction.plan(
      model: model, reference: reference, table: table, inputs: request.inputs,
      outputs: request.outputs, only: request.only, into: request.structure, batchSize: size,
      batch: request.batch, rows: request.rows, rowShapes: rowShapes, nulls: request.nulls,
      ragged: request.ragged, errors: request.errors, maxErrors: request.maxErrors,
      transforms: try await labelled(request.transforms, besides: model.mapOutputs),
      shapes: request.shapes, constants: request.constants)
    return request.failureColumn.map(plan.tellingFailures) ?? plan
  }

  /// The model as a function that is called by name, and the arguments that it takes, in their order.
  ///
  /// - Throws: as ``plan(_:reference:table:_:)``.
  package func callPlan(
    _ model: any Model, reference: ModelReference, _ request: PredictionRequest
  ) async throws -> (plan: PredictionPlan, arguments: StructType) {
    let arguments = try ModelPrediction.arguments(
      of: model, called: path, inputs: request.inputs, only: request.only, batch: request.batch,
      batchSize: request.batchSize ?? kind.batchSize, shapes: request.shapes,
      constants: request.constants)
    // No column of a table stands beside its outputs.
    var request = request
    request.structure = "needletail.call"
    let plan = try await plan(model, reference: reference, table: arguments, request)
    return (plan.called(), arguments)
  }
}
