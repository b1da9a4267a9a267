import FakeTokenServer
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NeedletailTesting
import Synchronization
import Testing

@testable import SparkConnect

/// What Databricks' gateway is told by its documents and by other clients, with stand-ins on this machine:
/// one port with TLS for Spark Connect and for tokens.
struct DatabricksTests {
  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "databricks-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try TestCertificates.authority.write(
      toFile: "\(folder)/ca.pem", atomically: true, encoding: .utf8)
  }

  /// Runs `body` with a workspace that has a cluster and a client.
  private func withWorkspace(
    _ body: ([String: String], FakeConnectServer, FakeTokenServer) async throws -> Void
  ) async throws {
    let tokens = try await FakeTokenServer(tls: true) { request, number in
      request.path == "/oidc/v1/token"
        && request.headers["authorization"] == "Basic " + Data("me:hush".utf8).base64EncodedString()
        && request.form == ["grant_type": "client_credentials", "scope": "all-apis"]
        ? .token("oauth-\(number)") : .init(401, #"{"error":"invalid_client"}"#)
    }
    let server = FakeConnectServer(
      version: "4.0.0",
      security: .tls(
        certificateChain: [.bytes(Array(TestCertificates.server.utf8), format: .pem)],
        privateKey: .bytes(Array(TestCertificates.serverKey.utf8), format: .pem)))
    server.state.withLock { $0.takesToken = { ["oauth-1", "oauth-2", "dapi-1"].contains($0) } }
    let tokenPort = try #require(Int(tokens.address.split(separator: ":").last ?? ""))
    let door = try await FrontDoor(http2: try await server.port, http1: tokenPort)
    let profiles = """
      [service]
      host = https://localhost:\(door.port)
      client_id = me
      client_secret = hush
      cluster_id = 0101-abc
      [person]
      host = https://localhost:\(door.port)/
      token = dapi-1
      serverless_compute_id = auto
      [stranger]
      host = https://localhost:\(door.port)
      client_id = me
      client_secret = wrong-secret
      cluster_id = 0101-abc
      """
    try profiles.write(toFile: "\(folder)/cfg", atomically: true, encoding: .utf8)
    try await body(["DATABRICKS_CONFIG_FILE": "\(folder)/cfg"], server, tokens)
    await door.stop()
    await server.stop()
    await tokens.stop()
  }

  private func connect(_ address: String, _ environment: [String: String]) async throws
    -> SparkSession
  {
    let mark = address.contains("?") ? "&" : "?"
    return try await SparkSession.connect(
      try ConnectionString("\(address)\(mark)ca_file=\(folder)/ca.pem", environment: environment),
      retries: quickRetries)
  }

  @Test("a service principal's token and a cluster, a person's token and serverless compute")
  func handshakes() async throws {
    try await withWorkspace { environment, server, tokens in
      for (index, (address, cluster)) in [
        ("databricks://service", "0101-abc"), ("databricks://service?cluster=0202-x", "0202-x"),
      ].enumerated() {
        let session = try await connect(address, environment)
        #expect(session.version == "4.0.0")
        // Each session asks for a token of its own, once.
        #expect(tokens.requests.count == index + 1)
        let headers = try #require(server.log.headers.last)
        #expect(headers[stringValues: "x-databricks-cluster-id"].contains(cluster))
        #expect(headers[stringValues: "authorization"].contains("Bearer oauth-\(index + 1)"))
        #expect(Array(headers[stringValues: "x-databricks-session-id"]).isEmpty)
        await session.stop()
      }
      let session = try await connect("databricks://person", environment)
      let headers = try #require(server.log.headers.last)
      #expect(headers[stringValues: "x-databricks-session-id"].contains(session.id))
      #expect(headers[stringValues: "authorization"].contains("Bearer dapi-1"))
      #expect(Array(headers[stringValues: "x-databricks-cluster-id"]).isEmpty)
      await session.stop()
    }
  }

  @Test("a wrong secret is the token server's no, and is not shown")
  func stranger() async throws {
    try await withWorkspace { environment, server, _ in
      let error = await sparkError { _ = try await connect("databricks://stranger", environment) }
      #expect(error.kind == .unauthenticated && error.message.contains("invalid_client"))
      #expect(!error.message.contains("wrong-secret"))
      #expect(server.log.headers.isEmpty)
    }
  }

  @Test(
    "addresses that are wrong",
    arguments: [
      ("databricks://p/x", "has a /"), ("databricks://p?token=dapi-secret", "is unknown"),
      ("databricks://p?cluster=", "is empty"), ("databricks://p?cluster=a&cluster=b", "twice"),
      ("databricks://p?cluster=a&serverless", "at once"),
      ("databricks://p?serverless=perhaps", "true or false"),
      ("databricks://p?cluster=a&session_id=1", "no UUID"),
      ("databricks://p?cluster=%zz", "percent"),
      ("databricks://p?cluster=a%0Ab", "other characters"),
      ("databricks://none", "no profile 'none'"),
    ])
  func wrong(_ address: String, _ says: String) async throws {
    try "[p]\nhost = https://h\ntoken = dapi-secret\n".write(
      toFile: "\(folder)/cfg", atomically: true, encoding: .utf8)
    let error = await sparkError {
      _ = try ConnectionString(address, environment: ["DATABRICKS_CONFIG_FILE": "\(folder)/cfg"])
    }
    #expect(error.kind == .connectionString && error.message.contains(says), "\(error)")
    #expect(!error.message.contains("secret"))
  }
}
