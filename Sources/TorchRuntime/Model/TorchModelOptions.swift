public import Models

/// How a compiled PyTorch model is loaded and run.
///
/// The defaults suit an executor: one thread per run, because Spark already runs one task per core.
public struct TorchModelOptions: Sendable, Hashable, Codable {
  /// Where to compute; `nil` for the device that the package was compiled for, the first of its kind.
  public var device: TorchDevice?
  /// The model of a package with several; `nil` for the only one, or the one called `model`.
  public var model: String?
  /// Threads that share the work of one run; 0 for PyTorch's own choice (one per core, or
  /// `OMP_NUM_THREADS`).
  ///
  /// PyTorch keeps the number per thread: it is set on each thread that runs the model.
  public var threads = 1
  /// The greatest number of runs at the same time, which is the number of instances of the model (they
  /// share the weights); more callers wait. `nil` for one per core, and one on a GPU.
  public var maximumConcurrentRuns: Int?
  /// A file with the weights, for a package without: a blob that PyTorch wrote beside the package
  /// (`*_weights.blob`), or a `.safetensors` file with the names of the module's state. `nil` for a
  /// file beside the package of the same name that ends in `.safetensors` or `_weights.blob`.
  public var weights: String?
  /// What the model takes, in its order; instead of what the package says, and necessary if it does
  /// not (packages without source code).
  public var inputs: [TensorSpecification]?
  /// What the model gives, in its order. `nil` to find out by a trial run on zeros at load.
  public var outputs: [TensorSpecification]?
  /// Whether batches of another size than the model was compiled for are cut and filled up: the last
  /// rows are repeated and what comes of them is dropped. Without it such a batch is an error.
  public var fitsBatches = true
  /// Further libraries to load before the model, which register operators (PyTorch extensions, such
  /// as Torch-TensorRT's runtime).
  public var libraries: [String] = []

  public init() {}

  /// The defaults on a device.
  public init(device: TorchDevice) { self.device = device }
}
