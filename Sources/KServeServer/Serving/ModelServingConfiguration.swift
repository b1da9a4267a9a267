public import Models
import Tensors

/// How one model is served.
public struct ModelServingConfiguration: Sendable, Hashable {
  /// What a model is run on before it counts as ready.
  public enum WarmUp: Sendable, Hashable {
    /// Nothing.
    case none
    /// `count` batches of `rows` rows of zeros and empty strings; dimensions known only at run time
    /// are 1.
    /// A model that fails on them is not served.
    case zeros(rows: Int = 1, count: Int = 1)
    /// The same, but a model that cannot take zeros is served all the same, with a note in the log and
    /// on the status page.
    case zerosIfTaken(rows: Int = 1, count: Int = 1)
  }

  /// The version that clients see and may ask for.
  public var version: Int
  /// The most rows of one execution. 0 means that tensors have no batch dimension: shapes are served
  /// as they were declared and every request runs alone.
  public var maxBatchSize: Int
  /// How requests are joined; `nil` runs each request alone.
  public var batching: DynamicBatching?
  /// How many batches run at the same time, each on a thread of its own.
  public var instances: Int
  /// Whether the model runs once before it counts as ready, and on what.
  public var warmUp: WarmUp
  /// Whether the outputs' names, element types and shapes are compared with the declared ones. The
  /// number of rows is checked in any case.
  public var isStrict: Bool
  /// The inputs that a request may leave out; the batch then lacks them too.
  public var optionalInputs: Set<String>

  public init(
    version: Int = 1, maxBatchSize: Int = 4096, batching: DynamicBatching? = nil,
    instances: Int = 1, warmUp: WarmUp = .none, isStrict: Bool = true,
    optionalInputs: Set<String> = []
  ) {
    self.version = version
    self.maxBatchSize = maxBatchSize
    self.batching = batching
    self.instances = instances
    self.warmUp = warmUp
    self.isStrict = isStrict
    self.optionalInputs = optionalInputs
  }
}

extension ModelServingConfiguration {
  /// How a loaded model is best served: its rows joined, if all its inputs and outputs have their rows
  /// in their first dimension (`BatchLayout`), which is open, and a test run shows that they do not
  /// depend on each other; else in the shapes as they are; warm before it is ready, if it takes zeros.
  /// An output that declares one row where the inputs take any number counts as open.
  ///
  /// - Parameters:
  ///   - model: the model, which is run on made-up rows.
  ///   - maxBatchSize: 0 serves the shapes as they are in any case.
  ///   - batching: how rows are joined, if they may be.
  ///   - instances: how many batches run at the same time.
  public static func suited(
    to model: any Model, maxBatchSize: Int = 4096, batching: DynamicBatching = DynamicBatching(),
    instances: Int = 1
  ) -> ModelServingConfiguration {
    let layout = try? BatchLayout(inputs: model.inputs, outputs: model.outputs)
    let isOpen =
      layout?.hasRowsFirst == true
      && model.inputs.allSatisfy { $0.shape.first == Shape.dynamic }
      && model.outputs.allSatisfy { $0.shape.first == Shape.dynamic || $0.shape.first == 1 }
    return ModelServingConfiguration(
      maxBatchSize: isOpen ? maxBatchSize : 0,
      batching: isOpen && maxBatchSize > 0 ? batching : nil, instances: instances,
      warmUp: .zerosIfTaken())
  }
}
