import KServeServer
import Logging
import Models
import Tensors

/// Runs a server with `models` for the length of `body`, on ports that the system chooses.
func withServer(
  maxRequestBytes: Int = 1 << 20, exitTimeout: Duration = .seconds(5),
  configure: (inout KServeServer.Configuration) -> Void = { _ in },
  models: (KServeServer) throws -> Void,
  _ body: @escaping @Sendable (KServeServer, KServeServer.Endpoints) async throws -> Void
) async throws {
  var configuration = KServeServer.Configuration(
    httpPort: 0, grpcPort: 0, metricsPort: 0, maxRequestBytes: maxRequestBytes,
    exitTimeout: exitTimeout, networkThreads: 1,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  configure(&configuration)
  let server = KServeServer(configuration: configuration)
  try models(server)
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await server.run() }
    let endpoints = try await server.endpoints
    while !server.isReady { try await Task.sleep(for: .milliseconds(2)) }
    do {
      try await body(server, endpoints)
    } catch {
      server.shutDown()
      throw error
    }
    server.shutDown()
    try await tasks.waitForAll()
  }
}

extension KServeServer {
  /// Binds `y = 2x` for rows of two numbers.
  func bindDouble(
    _ name: String = "double",
    configuration: ModelServingConfiguration = ModelServingConfiguration(maxBatchSize: 8)
  ) throws {
    try bind(
      name, inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2])],
      outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2])],
      configuration: configuration
    ) { batch in
      let x: Tensor<Float> = try batch.tensor("x")
      return ["y": .float32(try Tensor(x.scalars.map { 2 * $0 }, shape: x.shape))]
    }
  }

  /// Binds a model that gives rows of any number of floating-point numbers back.
  func bindEcho(_ name: String = "echo") throws {
    try bind(
      name, inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, -1])],
      outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, -1])],
      configuration: ModelServingConfiguration(maxBatchSize: 8)
    ) { batch in ["y": .float32(try batch.tensor("x"))] }
  }
}
