import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization
import Tensors

/// A server of models for clients of Triton's protocol (KServe v2), over gRPC and HTTP/1.1.
///
/// ```swift
/// let server = KServeServer(configuration: .init(httpPort: 8000, grpcPort: 8001))
/// try server.bind(
///   "double",
///   inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 4])],
///   outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 4])],
///   configuration: ModelServingConfiguration(batching: DynamicBatching())
/// ) { batch in
///   let x: Tensor<Float> = try batch.tensor("x")
///   return ["y": AnyTensor(x.map { 2 * $0 })]
/// }
/// try await server.run()
/// ```
///
/// Declared shapes have the batch dimension first (`Shape.dynamic`), unless the configuration's
/// ``ModelServingConfiguration/maxBatchSize`` is 0. A model's closure runs on threads of its own, one
/// for each instance, and may block there. The server is a service of swift-service-lifecycle: on a
/// graceful shutdown it stops being ready, serves what it has taken on, and ends.
public final class KServeServer: Service {
  enum Phase: Sendable, Hashable {
    case created
    /// Ports are open, models are being loaded.
    case starting
    case ready
    /// Asked to stop, or a model reported that the process must not go on.
    case draining
    case stopped
  }

  /// Where the server listens and what it allows.
  public let configuration: Configuration
  let registry = ModelRegistry()
  let sharedMemory: SharedMemoryRegistry
  let inference: InferenceService
  let administration: ModelAdministration
  let stop = StopSignal()
  let startTime = MonotonicTime.now()
  private let currentPhase = Mutex(Phase.created)
  private let published = Pending<Result<Endpoints, KServeServerError>>()

  public init(configuration: Configuration = Configuration()) {
    self.configuration = configuration
    sharedMemory = SharedMemoryRegistry(access: configuration.sharedMemory)
    inference = InferenceService(
      registry: registry, sharedMemory: sharedMemory,
      workers: WorkerThreads(count: max(2, min(System.coreCount, 4))),
      budget: MemoryBudget(limit: Self.bytesInFlight(configuration)),
      logger: configuration.logger)
    administration = ModelAdministration(
      name: configuration.name, version: configuration.version, registry: registry,
      allowsControl: configuration.allowsModelControl)
  }

  /// Where the server listens; waits until it does.
  ///
  /// - Throws: ``KServeServerError`` if a port cannot be had, or the server has ended.
  public var endpoints: Endpoints {
    get async throws { try await published.value().get() }
  }

  /// Where the server listens, if it does by now.
  var knownEndpoints: Endpoints? { try? published.known?.get() }

  /// Whether the server and all its models take requests.
  public var isReady: Bool { phase == .ready }

  /// Asks a running server to stop as on a graceful shutdown; ``run()`` returns when it has.
  public func shutDown() { stop.send(.requested) }

  var phase: Phase { currentPhase.withLock { $0 } }

  /// Goes on to a later phase; `false` if the server is there already, or beyond.
  @discardableResult
  func enter(_ phase: Phase, from expected: Phase...) -> Bool {
    currentPhase.withLock { current in
      guard expected.contains(current) else { return false }
      current = phase
      return true
    }
  }

  /// Tells those who wait for the endpoints; that the server has ended outdoes where it listened.
  func publish(_ endpoints: Result<Endpoints, KServeServerError>) {
    published.give(endpoints) { first in
      if case .success = first, case .success = endpoints { return false }
      return true
    }
  }
}
