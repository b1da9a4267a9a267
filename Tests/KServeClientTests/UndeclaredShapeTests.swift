import KServeServer
import Testing

@testable import KServeClient

/// What the metadata of a server do not tell.
@Suite("KServe client, undeclared shapes", .timeLimit(.minutes(1)))
struct UndeclaredShapeTests {
  @Test func anOutputWithoutAShapeIsNoScalar() async throws {
    let server = KServeServer(
      configuration: .init(
        httpPort: nil, grpcPort: 0, metricsPort: nil, exitTimeout: .seconds(1)))
    try server.bind(
      "m", inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2])],
      outputs: [
        TensorSpecification(name: "y", elementType: .float32, shape: [], hasShape: false),
        TensorSpecification(name: "z", elementType: .float32, shape: [-1, 2]),
      ], configuration: ModelServingConfiguration(maxBatchSize: 0)
    ) { batch in
      let x: Tensor<Float> = try batch.tensor("x")
      return ["y": .float32(x), "z": .float32(x)]
    }
    let running = Task { try await server.run() }
    let port = try await server.endpoints.grpc ?? 0
    let client = try KServeClient(KServeEndpoint(.grpc, host: "127.0.0.1", port: port))
    try await client.waitUntilReady(model: "m", timeout: .seconds(10))
    let model = try await KServeModel("m", client: client)
    #expect(model.outputs.map(\.hasShape) == [false, true])
    let layout = try BatchLayout(inputs: model.inputs, outputs: model.outputs)
    #expect(layout.outputs == [.open, .open])
    server.shutDown()
    try await running.value
  }
}
