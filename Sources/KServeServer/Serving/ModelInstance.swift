import KServeProtocol
import Models
import Tensors
import Threads

/// One instance of a model: takes batches from the queue and runs them on its thread.
final class ModelInstance {
  private let model: ServedModel
  private let thread: ThreadExecutor
  private let order: OrderedDelivery
  private var assembly: BatchAssembly

  init(model: ServedModel, thread: ThreadExecutor, order: OrderedDelivery) {
    self.model = model
    self.thread = thread
    self.order = order
    assembly = BatchAssembly(inputCount: model.inputs.count)
  }

  /// Runs the batches of `queue` until it is closed and empty.
  func serve(_ queue: BatchQueue) {
    while let batch = queue.next() {
      switch model.body {
      case .batches(let body): run(batch, body)
      case .streams(let body): for request in batch.requests { stream(request, body) }
      }
    }
  }

  /// Runs the model on made-up rows as its configuration says.
  ///
  /// - Throws: ``KServeServerError`` if the model fails on rows that it must take.
  func warmUp() throws {
    switch model.configuration.warmUp {
    case .none: return
    case .zeros(let rows, let count), .zerosIfTaken(let rows, let count):
      do {
        try warmUp(rows: rows, count: count)
      } catch {
        if case .zerosIfTaken = model.configuration.warmUp {
          return model.add(
            note: "served without a warm-up, since the model does not take \(rows) rows of zeros: "
              + ErrorText.withoutPaths("\(error)"))
        }
        throw KServeServerError(
          .modelStart,
          "the warm-up on \(rows) rows of zeros failed: \(error). Correct the model, or choose another "
            + "warm-up (warmUp in the model's configuration)",
          model: model.name, cause: error)
      }
    }
  }

  private func warmUp(rows: Int, count: Int) throws {
    let batch = try model.zeroBatch(rows: rows)
    for _ in 0..<count {
      switch model.body {
      case .batches(let body):
        let outputs = try run { try await body(batch) }
        try model.check(outputs, rows: batch.rowCount, requested: batch.requestedOutputs)
      case .streams(let body):
        try run { [model] in
          try await body(batch) { try model.check($0, requested: batch.requestedOutputs) }
        }
      }
    }
  }

  /// Finds out whether requests of the model may be joined.
  func checkJoining() -> JoiningCheck.Result {
    guard case .batches(let body) = model.body else {
      return JoiningCheck.Result(verdict: .alone("the model answers in streams"))
    }
    return JoiningCheck(model: model) { batch in
      try self.run { try await body(batch) }
    }.result()
  }

  private func run(_ queued: BatchQueue.Batch, _ body: @escaping ServedModel.BatchBody) {
    let requests = queued.requests.filter { !$0.isEnded }
    if requests.isEmpty {
      deliver(queued.number) {}
      return
    }
    let started = MonotonicTime.now()
    var times = ServingStatistics.Execution(
      rows: requests.reduce(0) { $0 + $1.rows }, computeInput: 0, computeInfer: 0,
      computeOutput: 0)
    do {
      let batch = try modelBatch(of: requests, rows: times.rows)
      let joined = MonotonicTime.now()
      times.computeInput = joined - started
      let outputs = try run { try await body(batch) }
      let computed = MonotonicTime.now()
      times.computeInfer = computed - joined
      let isFree = requests.count == 1 && model.hasOtherRowCounts
      try model.check(
        outputs, rows: isFree ? nil : batch.rowCount, isJoined: requests.count > 1,
        requested: batch.requestedOutputs)
      let parts = try split(outputs, requests: requests, members: batch.members)
      let ended = MonotonicTime.now()
      times.computeOutput = ended - computed
      // Whose client has gone meanwhile has been counted among the failures.
      model.statistics.executed(
        times,
        requests: requests.filter { !$0.isEnded }
          .map { (started - $0.arrival, ended - $0.arrival) },
        milliseconds: WallTime.milliseconds())
      deliver(queued.number) {
        for (request, part) in zip(requests, parts) {
          request.respond(part)
          request.end()
        }
      }
    } catch {
      let failure = model.failure(error)
      deliver(queued.number) { for request in requests { request.end(.failure(failure)) } }
    }
  }

  /// Runs a decoupled model on one request.
  private func stream(_ request: QueuedRequest, _ body: @escaping ServedModel.StreamBody) {
    if request.isEnded { return }
    let started = MonotonicTime.now()
    do {
      let batch = try modelBatch(of: [request], rows: request.rows)
      let joined = MonotonicTime.now()
      try run { [model] in
        try await body(batch) { outputs in
          if request.isEnded { throw CancellationError() }
          try model.check(outputs, requested: batch.requestedOutputs)
          request.respond(outputs)
        }
      }
      let ended = MonotonicTime.now()
      model.statistics.executed(
        ServingStatistics.Execution(
          rows: request.rows, computeInput: joined - started, computeInfer: ended - joined,
          computeOutput: 0),
        requests: request.isEnded ? [] : [(started - request.arrival, ended - request.arrival)],
        milliseconds: WallTime.milliseconds())
      request.end()
    } catch {
      if !request.isEnded { request.end(.failure(model.failure(error))) }
    }
  }

  private func deliver(_ number: Int, _ body: @escaping @Sendable () -> Void) {
    if model.configuration.batching?.preserveOrdering == true {
      order.deliver(number, body)
    } else {
      body()
    }
  }

  private func modelBatch(of requests: [QueuedRequest], rows: Int) throws -> ModelBatch {
    var members: [ModelBatch.Member] = []
    members.reserveCapacity(requests.count)
    var row = 0
    for request in requests {
      members.append(ModelBatch.Member(id: request.id, rows: row..<row + request.rows))
      row += request.rows
    }
    let requested: [String]
    if requests.count == 1 {
      requested = requests[0].requestedOutputs
    } else {
      let names = Set(requests.flatMap(\.requestedOutputs))
      requested = model.outputs.map(\.name).filter(names.contains)
    }
    return ModelBatch(
      model: model.name, version: model.configuration.version, rowCount: rows,
      inputs: try assembly.join(requests, specifications: model.inputs),
      parameters: requests[0].signature.parameters, requestedOutputs: requested,
      members: members)
  }

  private func split(
    _ outputs: [String: AnyTensor], requests: [QueuedRequest], members: [ModelBatch.Member]
  ) throws -> [[String: AnyTensor]] {
    if requests.count == 1 { return [outputs] }
    return try zip(requests, members).map { request, member in
      try BatchAssembly.part(of: outputs, rows: member.rows, names: request.requestedOutputs)
    }
  }

  /// Runs a closure of the model on this thread and waits for it.
  private func run<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    try thread.run(body)
  }
}
