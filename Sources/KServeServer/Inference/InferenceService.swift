import KServeProtocol
import Logging
import Models
import Synchronization
import Tensors

/// Answers inference requests of all transports.
final class InferenceService: Sendable {
  private let registry: ModelRegistry
  private let sharedMemory: SharedMemoryRegistry
  /// For long work on requests.
  let workers: WorkerThreads
  /// Starts the requests that waited for room on their connection, one after the other.
  let starter = WorkerThreads(count: 1)
  /// What all requests together may take.
  let budget: MemoryBudget
  let logger: Logger
  /// The requests.
  private let work = WorkCount()

  init(
    registry: ModelRegistry, sharedMemory: SharedMemoryRegistry, workers: WorkerThreads,
    budget: MemoryBudget, logger: Logger
  ) {
    self.logger = logger
    self.workers = workers
    self.budget = budget
    self.registry = registry
    self.sharedMemory = sharedMemory
  }

  /// The number of requests at work.
  var activeCount: Int { work.active }

  /// Runs one request on a model with one result and hands the response to `answer`, once, on any
  /// thread: each change of threads costs a small request a noticeable part of its time.
  ///
  /// - Parameters:
  ///   - limit: of the connection that the request came from.
  ///   - answer: gets with the response what it takes of the limit, to be kept until it was sent.
  func infer(
    _ request: InferRequest, cancellation: RequestCancellation, transport: Transport,
    limit: InFlightLimit? = nil,
    answer: @escaping @Sendable (Result<InferResponse, KServeError>, InFlightLimit.Lease) -> Void
  ) {
    let arrival = MonotonicTime.now()
    let model: ServedModel
    do throws(KServeError) {
      model = try begin(request, transport)
    } catch {
      return answer(.failure(error), InFlightLimit.unlimited)
    }
    @Sendable func start(_ lease: InFlightLimit.Lease) {
      let prepared: PreparedRequest
      do throws(KServeError) {
        if cancellation.isCancelled { throw .requestCancelled }
        prepared = try prepare(request, model: model)
      } catch {
        // It does not count: nothing of it reached the model.
        work.end()
        return answer(.failure(error), lease)
      }
      run(
        request, prepared, on: model, arrival: arrival, cancellation: cancellation
      ) { result, byteCount in
        lease.resize(to: byteCount)
        let memory = MemoryBudget.Lease(self.budget)
        lease.keep(memory)
        answer(
          result.flatMap { response in
            Result { () throws(KServeError) in
              try memory.grow(to: byteCount)
              return response
            }
          }, lease)
      }
    }
    // Copying much is nothing for the network's threads.
    let copies = request.sharedMemoryBytes > 0
    @Sendable func startWhereItMay(_ lease: InFlightLimit.Lease) {
      if copies { workers.run { start(lease) } } else { start(lease) }
    }
    guard let limit else { return startWhereItMay(InFlightLimit.unlimited) }
    limit.enter(bytes: expectedBytes(of: request, model: model), start: startWhereItMay)
  }

  private func run(
    _ request: InferRequest, _ prepared: PreparedRequest, on model: ServedModel, arrival: UInt64,
    cancellation: RequestCancellation,
    answer: @escaping @Sendable (Result<InferResponse, KServeError>, _ byteCount: Int) -> Void
  ) {
    @Sendable func finish(_ result: Result<InferResponse, KServeError>) {
      cancellation.onCancel(nil)
      var byteCount = 0
      switch result {
      case .failure(let error): count(error, model: model, arrival: arrival)
      case .success(let response):
        byteCount = response.outputs.reduce(0) { $0 + ($1.bytes?.byteCount ?? 0) }
      }
      work.end()
      answer(result, byteCount)
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

  /// What a request takes until its answer is sent: its inputs, and outputs as large as those before
  /// or, for want of others, as its inputs.
  private func expectedBytes(of request: InferRequest, model: ServedModel) -> Int {
    let given = request.inputs.reduce(0) { sum, input in
      switch input.contents {
      case .raw(let bytes): sum.cappedSum(bytes.byteCount)
      case .sharedMemory(let location): sum.cappedSum(max(location.byteSize, 0))
      }
    }
    let rows = model.isBatching ? request.inputs.first?.shape.first ?? 1 : 1
    let (known, overflow) = model.outputBytesPerRow.multipliedReportingOverflow(by: max(rows, 1))
    return given.cappedSum(overflow || known == 0 ? given : known)
  }

  /// Runs one request on a model with any number of results, each of which is handed to `respond` as
  /// it comes, on any thread; then comes `done`. The request is in its model's queue when this returns,
  /// or waits for room on its connection, so that those of one caller stay in their order.
  func stream(
    _ request: InferRequest, cancellation: RequestCancellation, limit: InFlightLimit,
    respond: @escaping @Sendable (InferStreamResponse) -> Void,
    done: @escaping @Sendable () -> Void
  ) {
    let arrival = MonotonicTime.now()
    let model: ServedModel
    do throws(KServeError) {
      model = try begin(request)
    } catch {
      respond(Self.failure(error, of: request))
      return done()
    }
    limit.enter(bytes: expectedBytes(of: request, model: model)) { [self] lease in
      stream(
        request, to: model, arrival: arrival, cancellation: cancellation, lease: lease,
        respond: respond, done: done)
    }
  }

  private func stream(
    _ request: InferRequest, to model: ServedModel, arrival: UInt64,
    cancellation: RequestCancellation, lease: InFlightLimit.Lease,
    respond: @escaping @Sendable (InferStreamResponse) -> Void,
    done: @escaping @Sendable () -> Void
  ) {
    let prepared: PreparedRequest
    do throws(KServeError) {
      if cancellation.isCancelled { throw .requestCancelled }
      prepared = try prepare(request, model: model)
    } catch {
      work.end()
      respond(Self.failure(error, of: request))
      return done()
    }
    @Sendable func finish() {
      cancellation.onCancel(nil)
      work.end()
      // The answers' bytes are the transport's to count from here on.
      lease.resize(to: 0)
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
    let lease = MemoryBudget.Lease(budget)
    let copied = request.sharedMemoryBytes
    if copied > 0 { try lease.grow(to: copied) }
    var prepared = try model.prepare(request) { (input) throws(KServeError) in
      switch input.contents {
      case .raw(let bytes): bytes
      case .sharedMemory(let location): try sharedMemory.bytes(at: location)
      }
    }
    for output in prepared.outputs {
      if let location = output.sharedMemory { _ = try sharedMemory.check(location) }
    }
    if copied > 0 { prepared.memory = lease }
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
      memory: prepared.memory, deliver: deliver)
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
    let rows = model.isBatching ? request.inputs.first?.shape.first ?? 1 : 1
    model.noteOutputs(
      bytes: outputs.values.reduce(0) { $0 + $1.byteCount }, rows: rows)
    return InferResponse(
      modelName: model.name, modelVersion: String(model.configuration.version), id: request.id,
      outputs: tensors)
  }

  // MARK: Draining

  /// Counts a request in, and finds its model; one with many results only if no transport is named.
  private func begin(
    _ request: InferRequest, _ transport: Transport? = nil
  ) throws(KServeError) -> ServedModel {
    if !work.begin() {
      throw KServeError(
        .unavailable, "Server is stopping, it has stopped accepting new inference requests")
    }
    do throws(KServeError) {
      let model = try registry.ready(request.modelName, version: request.modelVersion)
      if model.isDecoupled, let transport { throw transport.noDecoupledModels }
      return model
    } catch {
      work.end()
      throw error
    }
  }

  /// Refuses new requests and waits until none is at work.
  func drain() async {
    work.close()
    await work.wait()
  }
}

extension InferRequest {
  /// The bytes of inputs that are in shared memory.
  var sharedMemoryBytes: Int {
    inputs.reduce(0) { sum, input in
      if case .sharedMemory(let location) = input.contents {
        sum.cappedSum(max(location.byteSize, 0))
      } else {
        sum
      }
    }
  }
}

extension Int {
  /// The sum of two sizes, or the greatest number if it lies beyond: clients tell any.
  fileprivate func cappedSum(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? Int.max : sum
  }
}

extension AnyTensor {
  /// The bytes of the elements.
  fileprivate var byteCount: Int {
    if case .string(let strings) = self { return strings.bytes.count + 4 * strings.count }
    return (shape.elementCount ?? 0) * (elementType.byteCount ?? 0)
  }
}
