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

  private struct State {
    var phase = Phase.created
    var endpoints: Result<Endpoints, KServeServerError>?
    var endpointWaiters: [CheckedContinuation<Endpoints, any Error>] = []
  }

  /// Where the server listens and what it allows.
  public let configuration: Configuration
  let registry = ModelRegistry()
  let sharedMemory: SharedMemoryRegistry
  let inference: InferenceService
  let administration: ModelAdministration
  let stop = StopSignal()
  let startTime = MonotonicTime.now()
  private let state = Mutex(State())

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
    get async throws {
      try await withCheckedThrowingContinuation { continuation in
        let known = state.withLock { state in
          if state.endpoints == nil { state.endpointWaiters.append(continuation) }
          return state.endpoints
        }
        if let known { continuation.resume(with: known) }
      }
    }
  }

  /// Where the server listens, if it does by now.
  var knownEndpoints: Endpoints? { try? state.withLock { $0.endpoints }?.get() }

  /// Whether the server and all its models take requests.
  public var isReady: Bool { phase == .ready }

  /// Asks a running server to stop as on a graceful shutdown; ``run()`` returns when it has.
  public func shutDown() { stop.send(.requested) }

  var phase: Phase { state.withLock { $0.phase } }

  /// Goes on to a later phase; `false` if the server is there already, or beyond.
  @discardableResult
  func enter(_ phase: Phase, from expected: Phase...) -> Bool {
    state.withLock { state in
      guard expected.contains(state.phase) else { return false }
      state.phase = phase
      return true
    }
  }

  /// Tells those who wait for the endpoints.
  func publish(_ endpoints: Result<Endpoints, KServeServerError>) {
    let waiters = state.withLock { state in
      if case .success = state.endpoints, case .success = endpoints {
        return [CheckedContinuation<Endpoints, any Error>]()
      }
      state.endpoints = endpoints
      defer { state.endpointWaiters.removeAll() }
      return state.endpointWaiters
    }
    for waiter in waiters { waiter.resume(with: endpoints) }
  }
}
