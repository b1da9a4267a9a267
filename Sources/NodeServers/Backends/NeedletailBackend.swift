import FoundationEssentials
import HostProcesses
import KServeServer
import Logging
import ModelKinds
import SparkFunctions

/// This program as the server of models.
struct NeedletailBackend: Sendable, Hashable, Codable {
  struct NamedModel: Sendable, Hashable, Codable {
    var name: String
    var reference: ModelReference
  }

  var models: [NamedModel]
  /// Batches of a model that run at the same time; `nil` for the executor's cores, or 1 with a GPU.
  var instances: Int?
  /// Microseconds that a request may wait for others to join it.
  var maxQueueDelay = 0
  /// Whether rows of several requests may run as one batch.
  var joining = RequestJoining.check
  /// The same for single models, by name.
  var joiningOfModels: [String: RequestJoining] = [:]

  func resolved(for worker: WorkerContext, on executor: ExecutorIdentity) throws
    -> NeedletailBackend
  {
    var backend = self
    for index in models.indices {
      let reference = models[index].reference
      let kind = ModelKinds.builtIn[reference.format]
      backend.models[index].reference = kind.located(reference, by: worker)
    }
    if instances == nil {
      let cores = executor.cores ?? ProcessInfo.processInfo.activeProcessorCount
      backend.instances = worker.gpus.isEmpty ? max(cores, 1) : 1
    }
    return backend
  }
}

/// Starts this program as a server.
struct NeedletailLaunch: OrderLaunch {
  let order: NodeServerOrder
  let backend: NeedletailBackend

  /// The first argument of a process that is to serve; the workspace follows.
  static let argument = "--needletail-serve-node"

  private static func backendFile(_ workspace: String) -> String { workspace + "/models.json" }
  private static func addressFile(_ workspace: String) -> String { workspace + "/addresses.json" }

  func command(in workspace: String) throws -> ServerCommand {
    try NodeServerFolder.write(backend, to: Self.backendFile(workspace))
    return ServerCommand(
      arguments: [try ProcFile.programPath(), Self.argument, workspace],
      environment: order.variables())
  }

  func addresses(
    in workspace: String, of processes: [ProcessTable.Entry]
  ) throws -> ServerAddresses? {
    NodeServerFolder.read(Self.addressFile(workspace))
  }

  /// Serves the models of `workspace` until SIGTERM: what the started process does.
  static func serve(_ workspace: String) async throws {
    guard let contents = FileManager.default.contents(atPath: backendFile(workspace)) else {
      throw NeedletailError(
        .nodeServers,
        "there is no \(backendFile(workspace)): only the supervisor of a server starts a program with "
          + Self.argument)
    }
    let backend = try JSONDecoder().decode(NeedletailBackend.self, from: contents)
    let logger = Logger(label: "needletail.server") { StreamLogHandler.standardError(label: $0) }
    let server = KServeServer(
      configuration: .init(
        httpPort: 0, grpcPort: 0, metricsPort: 0, exitTimeout: .seconds(4), logger: logger))
    for model in backend.models {
      let reference = model.reference
      let kind = ModelKinds.builtIn[reference.format]
      let loaded = try await kind.load(reference, reference.file, WorkerContext())
      try server.bind(
        model.name, model: loaded,
        configuration: .suited(
          to: loaded,
          batching: DynamicBatching(
            maxQueueDelay: .microseconds(backend.maxQueueDelay),
            joining: backend.joiningOfModels[model.name] ?? backend.joining),
          instances: backend.instances ?? 1))
    }
    let signals = TerminationSignal { server.shutDown() }
    let announcing = Task {
      let endpoints = try await server.endpoints
      func address(_ port: Int?) -> String? { port.map { "\(endpoints.host):\($0)" } }
      let addresses = ServerAddresses(
        http: address(endpoints.http), grpc: address(endpoints.grpc),
        metrics: address(endpoints.metrics))
      try NodeServerFolder.write(addresses, to: addressFile(workspace))
    }
    defer {
      announcing.cancel()
      withExtendedLifetime(signals) {}
    }
    try await server.run()
  }
}
