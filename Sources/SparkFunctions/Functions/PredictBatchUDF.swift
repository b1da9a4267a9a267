import ArrowIPC
public import SparkTypes
import Tensors

/// A function that predicts with a model, batch by batch: PySpark's `predict_batch_udf` in Swift.
///
/// ```swift
/// let mnist = PredictBatchUDF(
///   "mnist", returning: .array(.float), batchSize: 1024, inputTensorShapes: [[64]]
/// ) { worker in
///   let model = try ONNXSession(path: worker.file("digits.onnx"))     // once per executor process
///   return { (pixels: Tensor<Float>) -> Tensor<Float> in              // once per batch
///     try model.run(pixels)
///   }
/// }
/// ```
///
/// The outer closure runs once in each executor process, the inner one for each batch of
/// `batchSize` rows (the last of a partition is shorter), possibly by several tasks at once. The
/// inner closure's parameters are the function's inputs (see ``PredictInput``), and its result is the
/// prediction (see ``PredictOutput``). Both may be `async` and throw. A value that is known on the
/// driver only reaches the closures as the `Codable` parameters of the form with `parameters:`, not
/// as a capture.
///
/// Columns are fitted to the inputs like this: as many columns (or fields of one struct column) as
/// inputs are taken one by one; a struct of numbers for a single input becomes a matrix
/// `[rows, fields]`; an array or binary column for a tensor needs an input shape.
public struct PredictBatchUDF<
  Parameters: Codable & Sendable, each Input: PredictInput, Output: PredictOutput
>:
  DriverCheckedFunction
{
  /// What is called for each batch.
  public typealias Predict = @Sendable (repeat each Input) async throws -> Output

  public let name: String
  public let returnType: DataType
  /// The number of rows in a batch.
  public let batchSize: Int
  /// The shapes of one row of each input.
  public let inputTensorShapes: InputTensorShapes
  /// What happens to nulls in the input.
  public let nulls: NullPolicy
  /// What happens to array columns whose rows differ in length.
  public let ragged: RaggedPolicy
  /// Whether results of more dimensions than the declared type has are flattened, row by row.
  public let flattening: Bool
  /// Whether Spark may compute a row's prediction again, or several times; see ``asDeterministic()``.
  public private(set) var isDeterministic = false
  let load: @Sendable (WorkerContext, Parameters) async throws -> Predict

  public var kind: FunctionKind { .column }

  /// A function with parameters that the driver gives when it applies the function.
  ///
  /// - Parameters:
  ///   - name: unique among the program's functions.
  ///   - returning: the type of the predictions.
  ///   - batchSize: the number of rows that one call of the inner closure gets.
  ///   - inputTensorShapes: the shape of one row of each input that takes tensor columns.
  ///   - parameters: the type of the parameters.
  ///   - load: makes the predict closure; runs once in each executor process for each value of the
  ///     parameters.
  public init(
    _ name: String, returning: DataType, batchSize: Int,
    inputTensorShapes: InputTensorShapes = .none, nulls: NullPolicy = .fail,
    ragged: RaggedPolicy = .fail, flattening: Bool = false, parameters: Parameters.Type,
    load: @escaping @Sendable (WorkerContext, Parameters) async throws -> Predict
  ) {
    self.name = name
    returnType = returning
    self.batchSize = batchSize
    self.inputTensorShapes = inputTensorShapes
    self.nulls = nulls
    self.ragged = ragged
    self.flattening = flattening
    self.load = load
  }
}

extension PredictBatchUDF {
  /// The function, declared to give equal predictions for equal rows, however often it is computed.
  ///
  /// Without that, Spark computes a prediction once for each row and keeps it, and moves no filter in
  /// front of it. With it, Spark may move filters on other columns in front of the prediction, merge
  /// equal calls, and compute it again where a later filter uses it. A model that draws random numbers,
  /// or whose rows depend on the others of the batch, is not deterministic.
  public func asDeterministic() -> Self {
    var function = self
    function.isDeterministic = true
    return function
  }
}

extension PredictBatchUDF where Parameters == NoParameters {
  /// A function without parameters; see the other initialiser.
  public init(
    _ name: String, returning: DataType, batchSize: Int,
    inputTensorShapes: InputTensorShapes = .none, nulls: NullPolicy = .fail,
    ragged: RaggedPolicy = .fail, flattening: Bool = false,
    load: @escaping @Sendable (WorkerContext) async throws -> Predict
  ) {
    self.init(
      name, returning: returning, batchSize: batchSize, inputTensorShapes: inputTensorShapes,
      nulls: nulls, ragged: ragged, flattening: flattening, parameters: NoParameters.self
    ) { worker, _ in try await load(worker) }
  }
}
