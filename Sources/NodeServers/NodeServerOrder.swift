import Deployment
import FoundationEssentials
import HostProcesses
import KServeClient
import SparkFunctions

/// What every executor must know to have its server: it travels with the tasks.
struct NodeServerOrder: Sendable, Hashable, Codable {
  /// Identifies the servers of one ``SparkSession/withNodeServers(_:_:)``.
  var set: String
  var backend: NodeServerBackend
  /// The models that must be ready.
  var models: [String]
  var sharing = NodeServerSpecification.Sharing.executor
  var limits = ServerSupervisor.Limits()
  var accessToken: String?
  var sharesMemory = true
  /// Seconds that a call of the server may take.
  var callTimeout: Double = 60
  /// Variables for the server beside those of the executor.
  var environment: [String: String] = [:]
  /// The devices that the server may use, as the operator numbered them; `nil` for all.
  var gpus: [String]?

  /// The server's folder on the machine of `executor`.
  func folder(for executor: ExecutorIdentity) -> NodeServerFolder {
    let key = sharing == .executor ? executor.key : executor.machine
    return .of(set: set, name: String(Data(key.utf8).shortHash.prefix(8)))
  }

  /// The order as it stands on an executor: with the places of its files there.
  func resolved(for worker: WorkerContext, on executor: ExecutorIdentity) throws -> NodeServerOrder
  {
    var order = self
    order.backend = try backend.resolved(for: worker, on: executor)
    if order.gpus == nil, !worker.gpus.isEmpty { order.gpus = worker.gpus }
    return order
  }

  /// The variables of a server's process: those of this process and the order's own.
  func variables(_ added: [String: String] = [:]) -> [String: String] {
    var variables = ProcessInfo.processInfo.environment
    if let gpus { variables["CUDA_VISIBLE_DEVICES"] = gpus.joined(separator: ",") }
    variables.merge(added) { _, new in new }
    return variables.merging(environment) { _, new in new }
  }

  /// A client of the server at `addresses`.
  ///
  /// - Parameter timeout: seconds that a call may take; `nil` for ``callTimeout``.
  /// - Throws: ``NeedletailError`` if the server has neither gRPC nor HTTP.
  func endpoint(_ addresses: ServerAddresses) throws -> KServeEndpoint {
    if let grpc = addresses.grpc { return try KServeEndpoint(url: "grpc://\(grpc)") }
    if let http = addresses.http { return try KServeEndpoint(url: "http://\(http)") }
    throw NeedletailError(.nodeServers, "the server listens neither for gRPC nor for HTTP")
  }

  func clientOptions(timeout: Double? = nil) -> KServeClientOptions {
    var options = KServeClientOptions()
    options.timeout = timeout ?? callTimeout
    options.accessToken = accessToken
    options.tensors = sharesMemory ? .systemSharedMemory : .inline
    return options
  }

  /// Whether the server and the models take requests.
  func isReady(_ addresses: ServerAddresses) async -> Bool {
    await asked(addresses, timeout: 5) { client in
      guard try await client.isServerReady() else { return false }
      for model in models {
        guard try await client.isModelReady(model) else { return false }
      }
      return true
    }
  }

  func isLive(_ addresses: ServerAddresses) async -> Bool {
    await asked(addresses, timeout: 3) { try await $0.isServerLive() }
  }

  private func asked(
    _ addresses: ServerAddresses, timeout: Double,
    _ question: (KServeClient) async throws -> Bool
  ) async -> Bool {
    guard
      let client = try? KServeClient(
        endpoint(addresses), options: clientOptions(timeout: timeout))
    else { return false }
    let answer = (try? await question(client)) ?? false
    await client.close()
    return answer
  }
}
