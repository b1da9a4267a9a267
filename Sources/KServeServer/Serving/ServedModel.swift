import KServeProtocol
import Logging
import Models
import Synchronization
import Tensors
import Threads

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
    var generation: ModelGeneration?
    /// The joining that was decided, once it was.
    var joining: JoiningVerdict?
    /// Whether outputs may have other numbers of rows than inputs.
    var hasOtherRowCounts = false
    /// What people should know of the model, which is served all the same.
    var note: String?
    /// The most bytes of outputs that a row had, as far as is known.
    var outputBytesPerRow = 0
  }

  let name: String
  let inputs: [TensorSpecification]
  let outputs: [TensorSpecification]
  /// The outputs whose number of rows the model does not declare; see ``LoadedOutputs``.
  let undeclaredOutputs: Set<String>
  let configuration: ModelServingConfiguration
  /// What runs the model, for clients to read.
  let platform: String
  /// Whether it is a loaded model, and not a closure that was written for this server.
  let isLoadedModel: Bool
  /// Whether what runs the model vouches for it that rows do not change each other's results.
  let hasIndependentRows: Bool
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
    undeclaredOutputs: Set<String> = [], configuration: ModelServingConfiguration, platform: String,
    isLoadedModel: Bool, hasIndependentRows: Bool, body: Body, logger: Logger,
    onUnrecoverable: @escaping @Sendable (KServeServerError) -> Void
  ) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.undeclaredOutputs = undeclaredOutputs
    self.configuration = configuration
    self.platform = platform
    self.isLoadedModel = isLoadedModel
    self.hasIndependentRows = hasIndependentRows
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
  var queueLength: Int { state.withLock { $0.generation }?.queue.count ?? 0 }

  /// The queue while the model takes requests.
  var openQueue: BatchQueue? {
    state.withLock { $0.status == .ready ? $0.generation?.queue : nil }
  }

  /// What was decided about joining requests; `nil` where there is nothing to decide.
  var joining: JoiningVerdict? { state.withLock { $0.joining } }

  /// What people should know of the model, which is served all the same.
  var note: String? { state.withLock { $0.note } }

  /// Whether outputs may have other numbers of rows than inputs, as a check has shown.
  var hasOtherRowCounts: Bool { state.withLock { $0.hasOtherRowCounts } }

  /// The bytes of outputs to expect for a row, as far as is known.
  var outputBytesPerRow: Int { state.withLock { $0.outputBytesPerRow } }

  func noteOutputs(bytes: Int, rows: Int) {
    let each = bytes / max(rows, 1)
    state.withLock { $0.outputBytesPerRow = max($0.outputBytesPerRow, each) }
  }

  // MARK: Loading

  /// Starts the instances, warms them up and lets requests in. A model that is being loaded is waited
  /// for, and nothing happens to a loaded one.
  ///
  /// - Throws: ``KServeServerError`` if the model does not start; it is then unavailable.
  func load() async throws {
    let new = ModelGeneration(queue: BatchQueue(rules: queueRules))
    let (begins, other) = state.withLock { state in
      switch state.status {
      case .ready: return (false, nil as ModelGeneration?)
      case .loading: return (false, state.generation)
      case .unloading, .unavailable:
        state.status = .loading
        state.generation = new
        return (true, nil)
      }
    }
    if let other { return try await other.waitUntilLoaded() }
    if !begins { return }
    do {
      for instance in 0..<configuration.instances { try await start(instance: instance, in: new) }
      let isCurrent = state.withLock { state in
        guard state.generation === new, state.status == .loading else { return false }
        state.status = .ready
        return true
      }
      if !isCurrent { throw unloadedMeanwhile }
      new.finishLoading(.success(()))
    } catch {
      new.close()
      state.withLock { state in
        guard state.generation === new, state.status == .loading else { return }
        state.status = .unavailable(reason: "\(error)")
        state.generation = nil
      }
      new.finishLoading(.failure(error))
      throw error
    }
  }

  private var unloadedMeanwhile: KServeServerError {
    KServeServerError(.modelStart, "it was unloaded while it was being loaded", model: name)
  }

  /// Lets no more requests in, serves those that wait, and ends the instances of this load; a later
  /// load is none of its business.
  func unload() async {
    let generation = state.withLock { state in
      if state.status == .ready || state.status == .loading { state.status = .unloading }
      return state.generation
    }
    guard let generation else { return }
    generation.close()
    await generation.threads.wait()
    state.withLock { state in
      if state.generation === generation {
        state.status = .unavailable(reason: "unloaded")
        state.generation = nil
      }
    }
  }

  /// Fails the requests that wait, for a stop that may take no longer.
  func abandonQueue() {
    let error = KServeError(.unavailable, "Server is stopping, the request was not executed")
    let generation = state.withLock { $0.generation }
    generation?.close()
    for request in generation?.queue.removeAll() ?? [] { request.end(.failure(error)) }
  }

  private var queueRules: BatchQueue.Rules {
    var rules = BatchQueue.Rules(maxRows: configuration.maxBatchSize)
    if let batching = configuration.batching {
      rules.maxQueueSize = batching.maxQueueSize
      if isBatching, !isDecoupled {
        rules.joinsRequests = joining?.joins ?? false
        rules.preferredSizes = batching.preferredBatchSizes.sorted()
        rules.delay = batching.maxQueueDelay.nanoseconds
      }
    }
    return rules
  }

  /// Starts one instance's thread and waits until it is warm.
  private func start(instance: Int, in generation: ModelGeneration) async throws {
    try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Void, any Error>) in
      guard generation.threads.begin() else {
        return continuation.resume(throwing: unloadedMeanwhile)
      }
      let started = Thread.start { [self] in
        let runner = ModelInstance(model: self, thread: ThreadExecutor(), order: generation.order)
        do {
          try runner.warmUp()
          decideJoining(runner)
          if joining?.joins == true { generation.queue.allowJoining() }
          continuation.resume()
          runner.serve(generation.queue)
        } catch {
          continuation.resume(throwing: error)
        }
        generation.threads.end()
      }
      if !started {
        generation.threads.end()
        continuation.resume(
          throwing: KServeServerError(
            .modelStart, "the system gives no thread for instance \(instance)", model: name))
      }
    }
  }

  /// Decides once, on the first instance's thread, whether requests may be joined.
  private func decideJoining(_ runner: ModelInstance) {
    guard let batching = configuration.batching, isBatching, !isDecoupled, joining == nil else {
      return
    }
    let result: JoiningCheck.Result
    switch batching.joining ?? (isLoadedModel ? .check : .always) {
    case .always: result = .init(verdict: .joined("as was asked for"))
    case .never: result = .init(verdict: .alone("as was asked for"))
    case .check where hasIndependentRows:
      result = .init(verdict: .joined("what runs the model vouches for its rows"))
    case .check: result = runner.checkJoining()
    }
    state.withLock { state in
      state.joining = result.verdict
      state.hasOtherRowCounts = result.hasOtherRowCounts
    }
    let text = result.verdict.description
    if !result.verdict.joins, batching.joining != .never {
      logger.notice("\(text)", metadata: ["model": "\(name)"])
    } else {
      logger.info("\(text)", metadata: ["model": "\(name)"])
    }
  }

  /// Keeps what people should know of the model, and tells it in the log.
  func add(note: String) {
    let isNew = state.withLock { state in
      defer { state.note = note }
      return state.note != note
    }
    if isNew { logger.notice("\(note)", metadata: ["model": "\(name)"]) }
  }
}
