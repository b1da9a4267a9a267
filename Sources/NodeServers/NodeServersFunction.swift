import ArrowIPC
import FoundationEssentials
import KServeClient
package import SparkFunctions
import SparkTypes
import Texts

/// What the driver has tasks do about servers; every program has the function.
package enum NodeServersFunction {
  static let name = "needletail.nodeServers"

  /// What a task is to do.
  struct Request: Sendable, Codable {
    enum Action: String, Sendable, Codable {
      /// Say which executor this is.
      case survey
      /// Have the executor's server started; in a barrier stage all or none.
      case start
      /// Say that the servers on this machine are still wanted.
      case renew
      /// End the servers on this machine.
      case stop
    }

    var action: Action
    var order: NodeServerOrder
    /// Seconds that the task takes at least, so that others go to other executors.
    var hold = 0.0
  }

  /// What a task tells.
  struct Answer: Sendable, Codable {
    var executor: ExecutorIdentity
    var addresses: ServerAddresses?
    var models: [ServedModel] = []
    var failure: String?
    var stops: [NodeServer.Stop] = []
  }

  /// What a program declares.
  package static var declared: any UserDefinedFunction { function() }

  /// The function, whose stages are barrier stages or not as the driver wants.
  static func function(isBarrier: Bool = false) -> MapBatchesFunction<Request> {
    MapBatchesFunction(
      name, returning: ["answer": .string], isBarrier: isBarrier, parameters: Request.self
    ) { _, worker, request in
      let began = ContinuousClock.now
      let answer = try await perform(request, worker)
      let rest = .seconds(request.hold) - (ContinuousClock.now - began)
      if rest > .zero { try await Task.sleep(for: rest) }
      let text = String(decoding: try JSONEncoder().encode(answer), as: UTF8.self)
      let batch = try RecordBatch([("answer", .strings([text]))])
      return AsyncStream<RecordBatch> {
        $0.yield(batch)
        $0.finish()
      }
    }
  }

  private static func perform(_ request: Request, _ worker: WorkerContext) async throws -> Answer {
    let order = request.order
    var answer = Answer(executor: try .current())
    switch request.action {
    case .survey: break
    case .renew: NodeServer.renewAll(ofSet: order.set)
    case .stop:
      answer.stops = await NodeServer.stopAll(ofSet: order.set, exitTime: order.limits.exitTime)
    case .start:
      do {
        try await start(NodeServer(order, worker: worker), &answer)
      } catch {
        if Task.isCancelled { throw error }
        answer.failure = error.reasonWithPath
      }
      guard let barrier = worker.barrier else { break }
      // A set without one of its servers is of no use: all end.
      let failures = try await barrier.allGather(answer.failure ?? "")
      if failures.contains(where: { !$0.isEmpty }) {
        answer.stops = await NodeServer.stopAll(ofSet: order.set, exitTime: order.limits.exitTime)
      }
    }
    return answer
  }

  private static func start(_ server: NodeServer, _ answer: inout Answer) async throws {
    let addresses = try await server.addresses()
    let order = server.order
    let client = try KServeClient(
      order.endpoint(addresses), options: order.clientOptions(timeout: 20))
    do {
      for model in order.models { answer.models.append(try await client.model(model)) }
      await client.close()
    } catch {
      await client.close()
      throw error
    }
    answer.addresses = addresses
  }
}
