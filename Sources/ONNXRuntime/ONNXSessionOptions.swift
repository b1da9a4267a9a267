/// How a session loads and runs its model.
///
/// The defaults suit an executor: one thread per run, because Spark already runs one task per core,
/// and all graph optimisations. `OMP_NUM_THREADS`, which Spark sets to the task's cores, has no say.
public struct ONNXSessionOptions: Sendable, Hashable, Codable {
  /// How far the graph is rewritten at load.
  public enum Optimization: Int32, Sendable, Hashable, Codable {
    case none = 0
    /// Constant folding and the removal of what is redundant.
    case basic = 1
    /// Fusions of operators as well.
    case extended = 2
    /// Memory layouts as well.
    case all = 99
  }

  /// Whether independent operators of a graph run one after the other or side by side.
  public enum ExecutionMode: Int32, Sendable, Hashable, Codable {
    case sequential = 0
    /// Side by side, on ``ONNXSessionOptions/interOpThreads`` threads.
    case parallel = 1
  }

  /// The least severe messages that the runtime writes to standard error.
  public enum LogSeverity: Int32, Sendable, Hashable, Codable {
    case verbose = 0
    case information, warning, error, fatal
  }

  /// Threads that share the work of one operator; 0 for one per core.
  public var intraOpThreads = 1
  /// Threads that run operators side by side, in ``ExecutionMode/parallel`` mode; 0 for one per core.
  public var interOpThreads = 1
  /// How far the graph is rewritten before it runs.
  public var optimization = Optimization.all
  /// Whether operators that do not need each other run side by side.
  public var executionMode = ExecutionMode.sequential
  /// What computes the operators, the preferred one first; the CPU is implied at the end.
  public var providers: [ExecutionProvider] = []
  /// The greatest number of runs at the same time; more callers wait. `nil` for no limit on the CPU,
  /// and one at a time as soon as any other provider is in use.
  public var maximumConcurrentRuns: Int?
  /// Fixed sizes for symbolic dimensions, such as `["batch": 64]`; the model may then be optimised
  /// further and takes no other size. Some versions of the runtime need ``Optimization/basic`` for it.
  public var dimensions: [String: Int] = [:]
  /// Whether memory for intermediate results is planned once for each input shape.
  public var usesMemoryPattern = true
  /// Whether the session keeps freed CPU memory for later runs.
  public var usesMemoryArena = true
  /// The beginning of the name of a profile (Chrome's trace format) that the session writes; see
  /// ``ONNXSession/endProfiling()``.
  public var profilePrefix: String?
  /// The least grave of the runtime's messages that go to standard error.
  public var logSeverity = LogSeverity.warning
  /// Further settings by the runtime's keys, such as `session.set_denormal_as_zero`.
  public var configuration: [String: String] = [:]
  /// Files of shared libraries with operators that ONNX Runtime itself does not have, such as that of
  /// onnxruntime-extensions (`SessionOptions.register_custom_ops_library` in Python).
  public var operatorLibraries: [String] = []

  public init() {}

  /// The defaults with other providers.
  public init(providers: [ExecutionProvider]) { self.providers = providers }
}
