import BatchInference
import KServeProtocol
import Logging
import Synchronization
import Tensors

/// Answers inference requests of all transports.
final class InferenceService: Sendable {
  private let registry: ModelRegistry
  private let sharedMemory: SharedMemoryRegistry
  let logger: Logger
  private let counts = Mutex(Counts())

  private struct Counts {
    var active = 0
    var isDraining = false
    var onIdle: [CheckedContinuation<Void, Never>] = []
  }

  init(registry: ModelRegistry, sharedMemory: SharedMemoryRegistry, logger: Logger) {
    self.logger = logger
    self.registry = registry
    self.sharedMemory = sharedMemory
  }

  /// The number of requests at work.
  var activeCount: Int { counts.withLock { $0.active } }

  /// Runs one request on a model with one result.
  ///
  /// - Throws: what the client is to be told.
  func infer(
    _ request: InferRequest, cancellation: RequestCancellation, transport: Transport
  ) async throws(KServeError) -> InferResponse {
    let result = await withCheckedContinuation { continuation in
      infer(request, cancellation: cancellation, transport: transport) {
        continuation.resume(returning: $0)
      }
    }
    return try result.get()
  }

  /// Runs one request on a model with one result and hands the response to `answer`, once, on any
  /// thread: each change of threads costs a small request a noticeable part of its time.
  func infer(
    _ request: InferRequest, cancellation: RequestCancellation, transport: Transport,
    answer: @escaping @Sendable (Result<InferResponse, KServeError>) -> Void
  ) {
    let arrival = MonotonicTime.now()
    let model: ServedModel
    do throws(KServeError) {
      try begin()
      do throws(KServeError) {
        model = try registry.ready(request.modelName, version: request.modelVersion)
      } catch {
        end()
        throw error
      }
    } catch {
      return answer(.failure(error))
    }
    let prepared: PreparedRequest
    do throws(KServeError) {
      if model.isDecoupled { throw transport.noDecoupledModels }
      prepared = try prepare(request, model: model)
    } catch {
      // It does not count: nothing of it reached the model.
      end()
      return answer(.failure(error))
    }
    @Sendable func finish(_ result: Result<InferResponse, KServeError>) {
      cancellation.onCancel(nil)
      if case .failure(let error) = result { count(error, model: model, arrival: arrival) }
      end()
      answer(result)
    }
    let outputs = Mutex<[String: AnyTensor]>([:])
    submit(prepared, id: request.id, model: model, arrival: arrival, cancellation: cancellation) {
      delivery in
      switch delivery {
      case .response(let tensors): outputs.withLock { $0 = tensors }
      case .end:
        let tensors = outputs.withLock { $0 }
        finish(
          Result { () throws(KServeError) in
            try self.response(
              to: request, of: model, outputs: tensors, requested: prepared.outputs)
          })
      case .failure(let error): finish(.failure(error))
      }
    }
  }

  /// Runs one request on a model with any number of results, each of which is handed to `respond` as
  /// it comes, on any thread; then comes `done`. The request is in its model's queue when this returns,
  /// so that those of one caller stay in their order.
  func stream(
    _ request: InferRequest, cancellation: RequestCancellation,
    respond: @escaping @Sendable (InferStreamResponse) -> Void,
    done: @escaping @Sendable () -> Void
  ) {
    let arrival = MonotonicTime.now()
    let model: ServedModel
    let prepared: PreparedRequest
    do throws(KServeError) {
      try begin()
      do throws(KServeError) {
        model = try registry.ready(request.modelName, version: request.modelVersion)
        prepared = try prepare(request, model: model)
      } catch {
        end()
        throw error
      }
    } catch {
      respond(Self.failure(error, of: request))
      return done()
    }
    @Sendable func finish() {
      cancellation.onCancel(nil)
      end()
      done()
    }
    let wantsFinal =
      request.parameters[InferParameterName.enableEmptyFinalResponse]?.boolean ?? false
    submit(prepared, id: request.id, model: model, arrival: arrival, cancellation: cancellation) {
      delivery in
      switch delivery {
      case .response(let outputs):
        do throws(KServeError) {
          var response = try self.response(
            to: request, of: model, outputs: outputs, requested: prepared.outputs)
          response.parameters[InferParameterName.finalResponse] = .bool(!model.isDecoupled)
          respond(InferStreamResponse(response: response))
        } catch {
          self.count(error, model: model, arrival: arrival)
          respond(Self.failure(error, of: request))
        }
      case .failure(let error):
        self.count(error, model: model, arrival: arrival)
        respond(
          InferStreamResponse(errorMessage: error.message, response: Self.final(of: request)))
        finish()
      case .end:
        if wantsFinal, model.isDecoupled {
          respond(InferStreamResponse(response: Self.final(of: request)))
        }
        finish()
      }
    }
  }

  /// The last response to a request, with nothing in it.
  private static func final(of request: InferRequest) -> InferResponse {
    InferResponse(
      modelName: request.modelName, id: request.id,
      parameters: [InferParameterName.finalResponse: true])
  }

  /// Which of the protocol's two forms a request came in; the error texts differ.
  enum Transport {
    case grpc, http

    fileprivate var noDecoupledModels: KServeError {
      KServeError(
        .unimplemented,
        (self == .grpc ? "ModelInfer RPC" : "HTTP end point")
          + " doesn't support models with decoupled transaction policy")
    }
  }

  private static func failure(
    _ error: KServeError, of request: InferRequest
  ) -> InferStreamResponse {
    InferStreamResponse(
      errorMessage: error.message,
      response: InferResponse(modelName: "", id: request.id))
  }

  private func prepare(
    _ request: InferRequest, model: ServedModel
  ) throws(KServeError) -> PreparedRequest {
    let prepared = try model.prepare(request) { (input) throws(KServeError) in
      switch input.contents {
      case .raw(let bytes): bytes
      case .sharedMemory(let location): try sharedMemory.bytes(at: location)
      }
    }
    for output in prepared.outputs {
      if let location = output.sharedMemory { _ = try sharedMemory.bytes(at: location) }
    }
    return prepared
  }

  /// Puts a request into its model's queue, and takes it out again when its client goes away or it
  /// has waited too long.
  private func submit(
    _ prepared: PreparedRequest, id: String, model: ServedModel, arrival: UInt64,
    cancellation: RequestCancellation,
    deliver: @escaping @Sendable (QueuedRequest.Delivery) -> Void
  ) {
    let deadline = prepared.queueLimit.map { arrival &+ $0 }
    let request = QueuedRequest(
      id: id, inputs: prepared.inputs, rows: prepared.rows, signature: prepared.signature,
      requestedOutputs: prepared.outputs.map(\.name), arrival: arrival, deadline: deadline,
      deliver: deliver)
    guard let queue = model.openQueue else {
      request.end(
        .failure(
          KServeError(
            .unavailable, "Request for unknown model: '\(model.name)' has no available versions")))
      return
    }
    // Before the request can end: what is set afterwards nobody would take away, and it would keep the
    // request's tensors for good.
    cancellation.onCancel {
      queue.remove(request)
      request.end(.failure(.requestCancelled))
    }
    do {
      try queue.append(request)
    } catch {
      request.end(.failure(error))
      return
    }
    if let limit = prepared.queueLimit {
      Task {
        try? await Task.sleep(for: .nanoseconds(limit))
        if queue.remove(request) { request.end(.failure(.queueTimeout)) }
      }
    }
  }

  private func count(_ error: KServeError, model: ServedModel, arrival: UInt64) {
    let reason: ServingStatistics.FailureReason =
      switch error.code {
      case .cancelled: .canceled
      case .unavailable: .rejected
      case .internal: .backend
      default: .other
      }
    model.statistics.requestFailed(reason, nanoseconds: MonotonicTime.now() - arrival)
  }

  private func response(
    to request: InferRequest, of model: ServedModel, outputs: [String: AnyTensor],
    requested: [InferRequest.RequestedOutput]
  ) throws(KServeError) -> InferResponse {
    var tensors: [InferTensor] = []
    tensors.reserveCapacity(requested.count)
    for output in requested {
      guard let tensor = outputs[output.name] else { continue }
      var encoded = InferTensor(name: output.name, tensor: tensor)
      if let classes = output.parameters[InferParameterName.classification]?.integer, classes > 0 {
        let labels = try Classification.labels(
          of: tensor, count: classes, isBatching: model.isBatching, output: output.name)
        encoded = InferTensor(name: output.name, tensor: .string(labels))
      }
      if let location = output.sharedMemory {
        try sharedMemory.write(encoded, to: location)
        encoded.contents = .sharedMemory(
          SharedMemoryLocation(
            region: location.region, offset: location.offset,
            byteSize: encoded.bytes?.byteCount ?? 0))
      }
      tensors.append(encoded)
    }
    return InferResponse(
      modelName: model.name, modelVersion: String(model.configuration.version), id: request.id,
      outputs: tensors)
  }

  // MARK: Draining

  private func begin() throws(KServeError) {
    let isOpen = counts.withLock { counts in
      if counts.isDraining { return false }
      counts.active += 1
      return true
    }
    if !isOpen {
      throw KServeError(
        .unavailable, "Server is stopping, it has stopped accepting new inference requests")
    }
  }

  private func end() {
    let waiters = counts.withLock { counts in
      counts.active -= 1
      if counts.active > 0 || !counts.isDraining { return [CheckedContinuation<Void, Never>]() }
      defer { counts.onIdle.removeAll() }
      return counts.onIdle
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Refuses new requests and waits until none is at work.
  func drain() async {
    await withCheckedContinuation { continuation in
      let isIdle = counts.withLock { counts in
        counts.isDraining = true
        if counts.active == 0 { return true }
        counts.onIdle.append(continuation)
        return false
      }
      if isIdle { continuation.resume() }
    }
  }
}
