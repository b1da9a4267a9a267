import KServeServer
import Synchronization
import Testing

@testable import KServeClient

/// Batches whose messages would be too long.
@Suite("KServe client, long messages", .timeLimit(.minutes(1)))
struct PartsTests {
  private final class Calls: Sendable {
    let rows = Mutex<[Int]>([])
  }

  /// A server of a model that gives each row's sum, its text and many numbers, which remembers the
  /// number of rows of each call.
  private func withServer(
    maxRequestBytes: Int, _ body: (KServeServer.Endpoints, Calls) async throws -> Void
  ) async throws {
    let server = KServeServer(
      configuration: .init(
        httpPort: 0, grpcPort: 0, metricsPort: nil, maxRequestBytes: maxRequestBytes,
        exitTimeout: .seconds(1)))
    let calls = Calls()
    try server.bind(
      "m",
      inputs: [
        TensorSpecification(name: "x", elementType: .float32, shape: [-1, 4]),
        TensorSpecification(name: "s", elementType: .string, shape: [-1]),
      ],
      outputs: [
        TensorSpecification(name: "sum", elementType: .float32, shape: [-1]),
        TensorSpecification(name: "t", elementType: .string, shape: [-1]),
        TensorSpecification(name: "long", elementType: .float32, shape: [-1, -1]),
      ], configuration: ModelServingConfiguration(maxBatchSize: 1 << 20)
    ) { batch in
      let x: Tensor<Float> = try batch.tensor("x")
      let rows = x.rowCount
      calls.rows.withLock { $0.append(rows) }
      let scalars = x.scalars
      return [
        "sum": AnyTensor(
          Tensor<Float>(shape: [rows]) { out in
            for row in 0..<rows { out[row] = (0..<4).reduce(0) { $0 + scalars[row * 4 + $1] } }
          }),
        "t": batch.inputs["s"] ?? .float32(x),
        "long": AnyTensor(Tensor<Float>(repeating: 1, shape: [rows, 1000])),
      ]
    }
    let running = Task { try await server.run() }
    try await body(try await server.endpoints, calls)
    server.shutDown()
    try await running.value
  }

  private func model(
    _ ports: KServeServer.Endpoints, _ transport: KServeEndpoint.Transport, maxMessageBytes: Int,
    encoding: KServeClientOptions.Encoding = .automatic
  ) async throws -> KServeModel {
    var options = KServeClientOptions()
    options.maxMessageBytes = maxMessageBytes
    options.encoding = encoding
    let endpoint = KServeEndpoint(
      transport, host: "127.0.0.1", port: (transport == .grpc ? ports.grpc : ports.http) ?? 0)
    let client = try KServeClient(endpoint, options: options)
    try await client.waitUntilReady(model: "m", timeout: .seconds(10))
    return try await KServeModel("m", client: client)
  }

  private func check(
    _ model: KServeModel, rows: Int, outputs: [String] = ["sum", "t"]
  ) async throws {
    let x = AnyTensor(
      Tensor<Float>(shape: [rows, 4]) { out in
        for index in 0..<rows * 4 { out[index] = Float(index / 4) }
      })
    let texts = (0..<rows).map { String(repeating: "é", count: $0 % 50) }
    let result = try await model.run(
      ["x": x, "s": .string(try StringTensor(texts))], outputs: outputs)
    let sum: Tensor<Float> = try #require(result["sum"]).typed()
    let sums: [Float] = (0..<rows).map { Float($0 * 4) }
    #expect(sum.scalars == sums)
    if outputs.contains("t") {
      guard case .string(let found)? = result["t"] else {
        Issue.record("the strings did not come back")
        return
      }
      #expect(found.strings == texts)
    }
    if outputs.contains("long") { #expect(result["long"]?.shape == [rows, 1000]) }
  }

  @Test(
    "requests beyond this side's limit", arguments: Peers.transports,
    [KServeClientOptions.Encoding.automatic, .json])
  func own(
    _ transport: KServeEndpoint.Transport, _ encoding: KServeClientOptions.Encoding
  ) async throws {
    try await withServer(maxRequestBytes: 1 << 20) { ports, calls in
      let model = try await model(ports, transport, maxMessageBytes: 20_000, encoding: encoding)
      for rows in [1, 7, 3000] { try await check(model, rows: rows) }
      let count = calls.rows.withLock { $0.count }
      #expect(count > 10)
      await model.client.close()
    }
  }

  @Test("requests beyond the server's limit, which nobody tells", arguments: Peers.transports)
  func servers(_ transport: KServeEndpoint.Transport) async throws {
    try await withServer(maxRequestBytes: 20_000) { ports, calls in
      let model = try await model(ports, transport, maxMessageBytes: 1 << 20)
      try await check(model, rows: 1500)
      try await check(model, rows: 100)
      let rows = calls.rows.withLock { $0.reduce(0, +) }
      #expect(rows == 1600)
      await model.client.close()
    }
  }

  @Test("answers beyond this side's limit", arguments: Peers.transports)
  func answers(_ transport: KServeEndpoint.Transport) async throws {
    try await withServer(maxRequestBytes: 1 << 20) { ports, _ in
      let model = try await model(ports, transport, maxMessageBytes: 50_000)
      try await check(model, rows: 100, outputs: ["sum", "long"])
      await model.client.close()
    }
  }

  @Test("a row that is too long by itself", arguments: Peers.transports)
  func row(_ transport: KServeEndpoint.Transport) async throws {
    try await withServer(maxRequestBytes: 1 << 20) { ports, _ in
      let model = try await model(ports, transport, maxMessageBytes: 2000)
      let error = try await #require(throws: KServeError.self) {
        try await check(model, rows: 3, outputs: ["sum", "long"])
      }
      #expect(error.code == .resourceExhausted)
      #expect(error.message.contains("2000"), "\(error)")
      await model.client.close()
    }
  }
}
