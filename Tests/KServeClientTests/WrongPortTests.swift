import Foundation
import KServeClient
import KServeServer
import Testing

/// Addresses whose scheme is not that of the port.
@Suite(.timeLimit(.minutes(1)))
struct WrongPortTests {
  private func failure(_ endpoint: KServeEndpoint) async throws -> KServeError {
    var options = KServeClientOptions()
    options.timeout = 10
    let client = try KServeClient(endpoint, options: options)
    let start = ContinuousClock.now
    let error = try await #require(throws: KServeError.self) { _ = try await client.model("m") }
    #expect(ContinuousClock.now - start < .seconds(5))
    await client.close()
    return error
  }

  @Test("our own ports, each spoken to as the other", arguments: Peers.transports)
  func own(_ transport: KServeEndpoint.Transport) async throws {
    let server = KServeServer(
      configuration: .init(
        httpPort: 0, grpcPort: 0, metricsPort: nil, exitTimeout: .seconds(1)))
    let running = Task { try await server.run() }
    let ports = try await server.endpoints
    let (http, grpc) = (ports.http ?? 0, ports.grpc ?? 0)
    let wrong = try await failure(
      KServeEndpoint(transport, host: "127.0.0.1", port: transport == .grpc ? http : grpc))
    let right = transport == .grpc ? "http://127.0.0.1:\(http)" : "grpc://127.0.0.1:\(grpc)"
    #expect(wrong.message.contains("use \(right)"), "\(wrong)")
    let same = KServeEndpoint(
      transport, host: "127.0.0.1", port: transport == .grpc ? grpc : http, isSecure: true)
    let encrypted = try await failure(same)
    #expect(encrypted.message.contains("\(same)"), "\(encrypted)")
    server.shutDown()
    try await running.value
  }

  @Test(
    "a port of another server's HTTP, spoken to by gRPC, by TLS or by both",
    arguments: [(.grpc, false), (.http, true), (.grpc, true)]
      as [(KServeEndpoint.Transport, Bool)])
  func uvicorn(transport: KServeEndpoint.Transport, isSecure: Bool) async throws {
    let peer = try HTTPPeer(RecordedServers.kserve)
    let error = try await failure(
      KServeEndpoint(transport, host: "127.0.0.1", port: peer.port, isSecure: isSecure))
    #expect(error.message.contains("use http://127.0.0.1:\(peer.port)"), "\(error)")
  }

  @Test("a server that says in the clear that it wants TLS")
  func plainToTLS() async throws {
    let peer = try HTTPPeer { _ in
      HTTPPeer.Answer(status: 400, body: "Client sent an HTTP request to an HTTPS server.\n")
    }
    let error = try await failure(KServeEndpoint(.http, host: "127.0.0.1", port: peer.port))
    #expect(error.message.contains("use https://127.0.0.1:\(peer.port)"), "\(error)")
  }
}
