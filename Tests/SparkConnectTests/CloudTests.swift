import ArrowIPC
import FakeTokenServer
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NeedletailTesting
import Synchronization
import Testing

@testable import SparkConnect

/// Sessions in Google's and Amazon's clouds, with stand-ins on this machine over TLS.
struct CloudTests {
  private let folder: String
  private let uuid = "0f0e0d0c-0000-4000-8000-00000000002a"

  init() throws {
    folder = NSTemporaryDirectory() + "clouds-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try TestCertificates.authority.write(
      toFile: "\(folder)/ca.pem", atomically: true, encoding: .utf8)
  }

  // MARK: Dataproc

  /// Runs `body` with a session of Dataproc, whose server is behind a bridge.
  private func withDataproc(
    _ body: (ConnectionString, FakeConnectServer, FakeBridge) async throws -> Void
  ) async throws {
    let server = FakeConnectServer(version: "4.0.1")
    let bridge = try await FakeBridge()
    let behind = try await server.port
    bridge.change { $0.port = behind }
    let tokens = try await FakeTokenServer(tls: false) { _, number in .token("google-\(number)") }
    let uuid = uuid
    let port = bridge.port
    let cloud = try await FakeTokenServer(tls: true) { request, _ in
      guard request.headers["authorization"] == "Bearer google-1" else { return .init(401, "{}") }
      guard request.path == "/v1/projects/p-1/locations/europe-west1/sessions/s-1" else {
        return .init(404, "{}")
      }
      return .init(
        200,
        """
        {"name": "projects/p-1/locations/europe-west1/sessions/s-1", "uuid": "\(uuid)",
         "state": "ACTIVE", "sparkConnectSession": {}, "runtimeConfig": {"version": "3.0"},
         "runtimeInfo": {"endpoints": {"Spark Connect Server": "sc://localhost:\(port)"}}}
        """)
    }
    let credentials = """
      {"type": "authorized_user", "client_id": "me", "client_secret": "hush-hush",
       "refresh_token": "again-again", "token_uri": "\(tokens.address)/token"}
      """
    try credentials.write(toFile: "\(folder)/adc.json", atomically: true, encoding: .utf8)
    let api = cloud.address.dropFirst("https://".count)
    let target = try ConnectionString(
      "dataproc://p-1/europe-west1/s-1?ca_file=\(folder)/ca.pem",
      environment: [
        "GOOGLE_CLOUD_DATAPROC_API_ENDPOINT": String(api),
        "GOOGLE_APPLICATION_CREDENTIALS": "\(folder)/adc.json",
      ])
    try await body(target, server, bridge)
    await bridge.stop()
    await cloud.stop()
    await tokens.stop()
    await server.stop()
  }

  @Test("a session of Dataproc: found, and spoken with through web sockets")
  func dataproc() async throws {
    try await withDataproc { target, server, bridge in
      let session = try await SparkSession.connect(target, retries: quickRetries)
      #expect(session.version == "4.0.1" && session.id == uuid)
      let batch = try numbers(0..<20_000)
      server.onExecute { _ in [.respond(try .batch(batch)), .endStream] }
      #expect(try await session.table("t").collect().count == 20_000)
      let file = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      try await session.addArtifact(named: "files/big.bin", file)
      #expect(server.log.artifacts.last?.bytes == file)
      // The token is for the web socket; what is inside carries none.
      #expect(bridge.requests.map(\.authorization) == ["Bearer google-1"])
      #expect(bridge.requests.first?.path.hasPrefix("/tcp-over-websocket-bridge/") == true)
      for headers in server.log.headers {
        #expect(Array(headers[stringValues: "authorization"]).isEmpty)
      }
      await session.stop()
      #expect(server.log.releasedSessions == [uuid])
    }
  }

  @Test("a job goes on when its web socket is cut, on another one")
  func cut() async throws {
    try await withDataproc { target, server, bridge in
      let session = try await SparkSession.connect(
        target,
        retries: RetryPolicy(
          maximumRetries: 12, initialPause: .milliseconds(20), maximumPause: .seconds(1)))
      let batches = try (0..<6).map { try numbers(Int64($0)..<Int64($0 + 1)) }
      server.onExecute { _ in try batches.map { .respond(try .batch($0)) } + [.endStream] }
      let count = Mutex(0)
      try await session.table("t").forEachBatch { batch in
        if count.withLock({
          $0 += batch.rowCount; return $0
        }) == 2 {
          await bridge.cut()
        }
      }
      #expect(count.withLock { $0 } == 6)
      // After the end of a stream nothing more need be asked for; the next request needs a connection.
      server.onExecute { _ in [.respond(try .batch(batches[0])), .endStream] }
      #expect(try await session.table("t").collect().count == 1)
      #expect(bridge.requests.count >= 2)
      await session.stop()
    }
  }

  @Test(
    "what the bridge answers is told",
    arguments: [
      (401, SparkError.Kind.unauthenticated, "does not accept the token (HTTP 401"),
      (403, .unauthenticated, "lacks a right"),
      (404, .unavailable, "see that the session s-1 of Dataproc"),
    ])
  func refusals(_ status: Int, _ kind: SparkError.Kind, _ says: String) async throws {
    try await withDataproc { target, _, bridge in
      bridge.change { $0.status = { _, _ in status } }
      let start = ContinuousClock.now
      await #expect {
        _ = try await SparkSession.connect(target, retries: quickRetries)
      } throws: { error in
        let error = try #require(error as? SparkError)
        #expect(error.message.contains(says), "\(error)")
        #expect(!"\(error)".contains("google-1"))
        return error.kind == kind
      }
      #expect(ContinuousClock.now - start < .seconds(10))
    }
  }

  @Test("a goodbye with a code is told when it stays with that")
  func goodbye() async throws {
    try await withDataproc { target, _, bridge in
      bridge.change {
        $0.endsAfter = 1
        $0.closeCode = 1011
      }
      await #expect {
        _ = try await SparkSession.connect(target, retries: quickRetries)
      } throws: { error in
        "\(error)".contains("code 1011 (internal error): no more")
          && (error as? SparkError)?.kind == .unavailable
      }
    }
  }

  // MARK: EMR

  @Test("a session of EMR: its endpoint, and tokens that AWS is asked for when they end")
  func emr() async throws {
    let server = FakeConnectServer(
      version: "4.0.2",
      security: .tls(
        certificateChain: [.bytes(Array(TestCertificates.server.utf8), format: .pem)],
        privateKey: .bytes(Array(TestCertificates.serverKey.utf8), format: .pem)))
    let port = try await server.port
    let cloud = try await FakeTokenServer(tls: true) { request, number in
      let isSigned =
        request.headers["authorization"]?.contains("Credential=AKID/") == true
        && request.headers["x-amz-target"] == "ElasticMapReduce.GetSessionEndpoint"
        && request.body == #"{"ClusterId":"j-1","SessionId":"is-1"}"#
      guard isSigned, request.path == "/" else { return .init(403, "{}") }
      return .init(
        200,
        """
        {"Endpoint": "https://localhost:\(port)", "AuthToken": "emr-\(number)",
         "AuthTokenExpirationTime": \(Date().timeIntervalSince1970 + 0.5)}
        """)
    }
    try "[default]\naws_access_key_id = AKID\naws_secret_access_key = secret\n".write(
      toFile: "\(folder)/credentials", atomically: true, encoding: .utf8)
    let environment = [
      "AWS_SHARED_CREDENTIALS_FILE": "\(folder)/credentials", "AWS_CONFIG_FILE": "\(folder)/none",
      "AWS_ENDPOINT_URL_EMR": cloud.address,
    ]
    let target = try ConnectionString(
      "emr://ec2/j-1/is-1?region=eu-central-1&ca_file=\(folder)/ca.pem", environment: environment)
    let route = try await CloudRoute(to: target, tokens: nil, environment: environment)
    let connection = try await SparkConnection.over(route, retries: quickRetries)
    let session = SparkSession(version: "4.0.2", connection: connection)
    try await session.conf.set("a", "1")
    #expect(cloud.requests.count == 1)
    try await Task.sleep(for: .milliseconds(600))
    try await session.conf.set("a", "2")
    let headers = server.log.headers
    #expect(headers.first?[stringValues: "x-aws-proxy-auth"].first { _ in true } == "emr-1")
    #expect(headers.last?[stringValues: "x-aws-proxy-auth"].first { _ in true } == "emr-2")
    #expect(headers.last?[stringValues: "authorization"].first { _ in true } == "is-1")
    await session.stop()
    await cloud.stop()
    await server.stop()
  }

  // MARK: Addresses

  @Test(
    "addresses that are wrong are told with their form, and without what may be secret",
    arguments: [
      "dataproc://p/r": "2 parts", "dataproc://p/r/": "empty",
      "dataproc://p/r/s?nix=geheim": "unknown", "dataproc://p/h:1%23/s": "its region",
      "dataproc://p/r/s?create=maybe": "create is", "dataproc://p/r/s?runtime=3.0": "with create",
      "dataproc://p/r/s?session_id=x": "UUID", "emr://serverless/a": "2 parts",
      "emr://eks/v/e": "names no role", "emr://ec2/j/s?role=r": "emr://eks/",
      "emr://glue/a/s": "begins with 'glue'", "emr://ec2/j/s?region=a&region=b": "twice",
    ])
  func wrong(_ address: String, _ says: String) {
    #expect {
      _ = try ConnectionString(address, environment: [:])
    } throws: { error in
      let text = "\(error)"
      return text.contains(says) && text.contains("the form is") && !text.contains("geheim")
    }
  }

  @Test("an address names what is asked for")
  func addresses() throws {
    let google = try ConnectionString("dataproc://p/r/s?create&runtime=3.1", environment: [:])
    #expect(google.isBridged && google.useTLS && google.port == 443)
    #expect("\(google)" == "the session s of Dataproc in projects/p/locations/r")
    let amazon = try ConnectionString("emr://serverless/00a/00b?region=eu-west-1", environment: [:])
    #expect(!amazon.isBridged && amazon.tokenHeader == "x-aws-proxy-auth")
    let plain = try ConnectionString(
      "sc://h:443/;token=t;token_header=X-AWS-Proxy-Auth", environment: [:])
    #expect(plain.tokenHeader == "x-aws-proxy-auth" && plain.headers.isEmpty)
  }
}
