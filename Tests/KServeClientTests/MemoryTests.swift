import Foundation
import KServeClient
import KServeServer
import Testing

/// Memory of client and server together, over many requests.
@Suite(.timeLimit(.minutes(1)))
struct MemoryTests {
  private static func residentMegabytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (Int(line.filter(\.isNumber)) ?? 0) >> 10
  }

  @Test("tensors go with their requests", arguments: Peers.transports)
  func nothingIsKept(transport: KServeEndpoint.Transport) async throws {
    let wide = [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 1 << 18])]
    let server = KServeServer(
      configuration: .init(
        httpPort: 0, grpcPort: 0, metricsPort: nil, exitTimeout: .seconds(1)))
    try server.bind("same", inputs: wide, outputs: wide) { $0.inputs }
    let running = Task { try await server.run() }
    let endpoints = try await server.endpoints
    let port = transport == .grpc ? endpoints.grpc : endpoints.http
    let client = try KServeClient(KServeEndpoint(transport, host: "127.0.0.1", port: port))
    try await client.waitUntilReady(model: "same", timeout: .seconds(10))
    let x = AnyTensor.float32(Tensor(repeating: 1, shape: [1, 1 << 18]))
    let request = InferRequest(modelName: "same", inputs: [InferTensor(name: "x", tensor: x)])
    for _ in 0..<20 { _ = try await client.infer(request) }
    let before = try Self.residentMegabytes()
    for _ in 0..<500 { _ = try await client.infer(request) }
    #expect(try Self.residentMegabytes() < before + 60)
    await client.close()
    server.shutDown()
    try await running.value
  }
}
