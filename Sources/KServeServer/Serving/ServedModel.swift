import BatchInference
import KServeProtocol
import Logging
import Synchronization
import Tensors

/// One version of a model: what it takes and gives, the closure that runs it, its queue and its
/// instances' threads while it is loaded.
final class ServedModel: Sendable {
  typealias BatchBody = @Sendable (ModelBatch) async throws -> [String: AnyTensor]
  typealias StreamBody =
    @Sendable (ModelBatch, _ respond: @Sendable ([String: AnyTensor]) throws -> Void) async throws
    -> Void

  /// What runs the model.
  enum Body: Sendable {
    /// One result for a batch.
    case batches(BatchBody)
    /// Any number of results for one request (Triton calls it decoupled).
    case streams(StreamBody)
  }

  enum Status: Sendable, Hashable {
    case loading
    case ready
    case unloading
    case unavailable(reason: String)
  }

  private struct State {
    var status = Status.unavailable(reason: "")
    var queue: BatchQueue?
    var threads = 0
    var onThreadsEnded: [CheckedContinuation<Void, Never>] = []
  }

  let name: String
  let inputs: [TensorSpecification]
  let outputs: [TensorSpecification]
  let configuration: ModelServingConfiguration
  /// What runs the model, for clients to read.
  let platform: String
  let body: Body
  let statistics = ServingStatistics()
  let logger: Logger
  /// Is told of an error after which the process must not go on.
  let onUnrecoverable: @Sendable (KServeServerError) -> Void
  let inputIndexes: [String: Int]
  let outputIndexes: [String: Int]
  private let state = Mutex(State())

  init(
    name: String, inputs: [TensorSpecification], outputs: [TensorSpecification],
    configuration: ModelServingConfiguration, platform: String, body: Body, logger: Logger,
    onUnrecoverable: @escaping @Sendable (KServeServerError) -> Void
  ) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.configuration = configuration
    self.platform = platform
    self.body = body
    self.logger = logger
    self.onUnrecoverable = onUnrecoverable
    inputIndexes = Dictionary(
      inputs.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    outputIndexes = Dictionary(
      outputs.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether requests have a batch dimension, which the declared shapes of clients' eyes lack.
  var isBatching: Bool { configuration.maxBatchSize > 0 }

  var isDecoupled: Bool {
    if case .streams = body { return true }
    return false
  }

  var status: Status { state.withLock { $0.status } }

  var isReady: Bool { status == .ready }

  /// The number of requests that wait.
  var queueLength: Int { state.withLock { $0.queue }?.count ?? 0 }

  /// The queue while the model takes requests.
  var openQueue: BatchQueue? {
    state.withLock { $0.status == .ready ? $0.queue : nil }
  }

  /// Starts the instances, warms them up and lets requests in. Nothing happens to a loaded model.
  ///
  /// - Throws: ``KServeServerError`` if the warm-up fails; the model is then unavailable.
  func load() async throws {
    let queue = BatchQueue(rules: queueRules)
    let begins = state.withLock { state in
      switch state.status {
      case .ready, .loading: return false
      case .unloading, .unavailable:
        state.status = .loading
        state.queue = queue
        return true
      }
    }
    if !begins { return }
    do {
      let order = OrderedDelivery()
      for instance in 0..<configuration.instances {
        try await start(instance: instance, queue: queue, order: order)
      }
      state.withLock { $0.status = .ready }
    } catch {
      queue.close()
      state.withLock {
        $0.status = .unavailable(reason: "\(error)")
        $0.queue = nil
      }
      throw error
    }
  }

  /// Lets no more requests in, serves those that wait, and ends the instances.
  func unload(reason: String = "unloaded") async {
    let queue = state.withLock { state in
      if state.status == .ready { state.status = .unloading }
      return state.queue
    }
    queue?.close()
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if state.threads == 0 { return true }
        state.onThreadsEnded.append(continuation)
        return false
      }
      if isDone { continuation.resume() }
    }
    state.withLock { state in
      if state.queue === queue {
        state.status = .unavailable(reason: reason)
        state.queue = nil
      }
    }
  }

  /// Fails the requests that wait, for a stop that may take no longer.
  func abandonQueue() {
    let error = KServeError(.unavailable, "Server is stopping, the request was not executed")
    let queue = state.withLock { $0.queue }
    queue?.close()
    for request in queue?.removeAll() ?? [] { request.end(.failure(error)) }
  }

  private var queueRules: BatchQueue.Rules {
    var rules = BatchQueue.Rules(maxRows: configuration.maxBatchSize)
    if let batching = configuration.batching {
      rules.maxQueueSize = batching.maxQueueSize
      if isBatching, !isDecoupled {
        rules.joinsRequests = true
        rules.preferredSizes = batching.preferredBatchSizes.sorted()
        rules.delay = batching.maxQueueDelay.nanoseconds
      }
    }
    return rules
  }

  /// Starts one instance's thread and waits until it is warm.
  private func start(instance: Int, queue: BatchQueue, order: OrderedDelivery) async throws {
    try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Void, any Error>) in
      state.withLock { $0.threads += 1 }
      let started = InstanceThread.start { [self] thread in
        let runner = ModelInstance(model: self, thread: thread, order: order)
        do {
          try runner.warmUp()
          continuation.resume()
          runner.serve(queue)
        } catch {
          continuation.resume(throwing: error)
        }
        threadEnded()
      }
      if !started {
        threadEnded()
        continuation.resume(
          throwing: KServeServerError(
            .modelStart, "the system gives no thread for instance \(instance)", model: name))
      }
    }
  }

  private func threadEnded() {
    let continuations = state.withLock { state in
      state.threads -= 1
      if state.threads > 0 { return [CheckedContinuation<Void, Never>]() }
      defer { state.onThreadsEnded.removeAll() }
      return state.onThreadsEnded
    }
    for continuation in continuations { continuation.resume() }
  }
}
