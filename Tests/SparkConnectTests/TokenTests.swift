import AccessTokens
import ArrowIPC
import FakeTokenServer
import Foundation
import GRPCNIOTransportHTTP2Posix
import NeedletailTesting
import Synchronization
import Testing

@testable import SparkConnect

/// Sessions whose tokens end.
struct TokenTests {
  /// Numbers tokens, and knows which are good.
  private final class Issuer: Sendable {
    private let state = Mutex((issued: 0, revoked: Set<String>()))

    var count: Int { state.withLock { $0.issued } }

    func next() -> String {
      state.withLock {
        $0.issued += 1
        return "token-\($0.issued)"
      }
    }

    func revoke(_ token: String) { state.withLock { _ = $0.revoked.insert(token) } }

    /// The newest one is good, and the one before it for the call that is on its way.
    func takes(_ token: String?) -> Bool {
      state.withLock { state in
        guard let token, !state.revoked.contains(token) else { return false }
        return [state.issued, state.issued - 1].contains { token == "token-\($0)" }
      }
    }
  }

  /// A session on a server that takes the tokens of a server of tokens.
  private func withTokens(
    of issuer: Issuer, seconds: Double?,
    _ body: (SparkSession, FakeConnectServer) async throws -> Void
  ) async throws {
    let tokens = try await FakeTokenServer(tls: false) { _, _ in
      .token(issuer.next(), seconds: seconds)
    }
    let server = FakeConnectServer()
    server.state.withLock { $0.takesToken = { issuer.takes($0) } }
    let parameters =
      "oauth_token_url=\(tokens.address)/t;oauth_client_id=me;oauth_client_secret=s-secret"
    try await withSession(on: server, parameters: parameters, body)
    await tokens.stop()
  }

  @Test("a job that is longer than three tokens live goes on")
  func longJob() async throws {
    let issuer = Issuer()
    try await withTokens(of: issuer, seconds: 0.3) { session, server in
      let batches = try (0..<8).map { try numbers(Int64($0)..<Int64($0 + 1)) }
      server.onExecute { _ in
        try batches.flatMap { [.respond(try .batch($0)), .endStream] }
      }
      let count = Mutex(0)
      try await session.table("t").forEachBatch { batch in
        count.withLock { $0 += batch.rowCount }
        try await Task.sleep(for: .milliseconds(150))
      }
      #expect(count.withLock { $0 } == 8)
      #expect(issuer.count > 3)
      // None of them was shown when it had ended.
      #expect(server.log.reattachments.count >= 7)
    }
  }

  @Test("a token that the server refuses before its end is renewed once, whatever the request is")
  func refusedOnce() async throws {
    let issuer = Issuer()
    try await withTokens(of: issuer, seconds: 3600) { session, server in
      #expect(issuer.count == 1)
      let batch = try numbers(0..<3)
      server.onExecute { _ in [.respond(try .batch(batch)), .endStream] }
      let requests: [() async throws -> Void] = [
        { try await session.conf.set("a", "b") },
        {
          let rows = try await session.table("t").collect()
          #expect(rows.count == 3)
        },
        { try await session.addArtifact(named: "files/x", Data([1])) },
      ]
      for (index, request) in requests.enumerated() {
        issuer.revoke("token-\(index + 1)")
        try await request()
        #expect(issuer.count == index + 2)
      }
    }
  }

  @Test("tokens that are refused for good are told at once, with their source")
  func refusedForGood() async throws {
    let issuer = Issuer()
    try await withTokens(of: issuer, seconds: 3600) { session, server in
      server.state.withLock { $0.takesToken = { _ in false } }
      let query = await sparkError { _ = try await session.table("t").collect() }
      let setting = await sparkError { try await session.conf.set("a", "b") }
      // Each request was sent twice: with the old token, and with a new one.
      #expect(issuer.count == 3)
      for error in [query, setting] {
        #expect(error.kind == .unauthenticated)
        #expect(error.message.contains("Invalid authentication token"), "\(error)")
        #expect(error.message.contains("it is from the token server http://localhost:"))
        #expect(error.message.contains("the client 'me'"))
        #expect(!error.message.contains("secret") && !error.message.contains("token-"))
      }
    }
  }

  @Test("a client that may have no more tokens ends its job with the token server's words")
  func clientRevoked() async throws {
    let issuer = Issuer()
    let isRevoked = Mutex(false)
    let tokens = try await FakeTokenServer(tls: false) { _, _ in
      isRevoked.withLock { $0 }
        ? .init(401, #"{"error":"invalid_client","error_description":"revoked"}"#)
        : .token(issuer.next(), seconds: 3600)
    }
    let server = FakeConnectServer()
    server.state.withLock { $0.takesToken = { issuer.takes($0) } }
    let parameters =
      "oauth_token_url=\(tokens.address)/t;oauth_client_id=me;oauth_client_secret=s-secret"
    try await withSession(on: server, parameters: parameters) { session, _ in
      isRevoked.withLock { $0 = true }
      issuer.revoke("token-1")
      let error = await sparkError { _ = try await session.table("t").collect() }
      #expect(error.kind == .unauthenticated)
      #expect(error.message.contains("invalid_client: revoked"), "\(error)")
      #expect(error.message.contains("check the client 'me'"))
    }
    await tokens.stop()
  }

  @Test("a token of one's own that ended names what would renew it")
  func fixedToken() async throws {
    let server = FakeConnectServer(token: "good-token")
    try await withSession(on: server, parameters: "token=good-token") { session, server in
      server.state.withLock { $0.takesToken = { _ in false } }
      let error = await sparkError { _ = try await session.table("t").collect() }
      #expect(error.message.contains("token_command="))
      #expect(!error.message.contains("good-token"))
    }
  }

  private struct Own: TokenProvider {
    let source = "my vault"
    func token() async throws -> AccessToken { AccessToken("from-the-vault") }
  }

  @Test("a program's own provider, a file and a command")
  func others() async throws {
    let server = FakeConnectServer(token: "from-the-vault")
    let port = try await server.port
    let target = try ConnectionString("sc://localhost:\(port)", environment: [:])
    await (try SparkSession.connect(target, tokens: Own())).stop()
    let file = NSTemporaryDirectory() + "token-\(UUID().uuidString)"
    try "from-the-vault\n".write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    for parameter in ["token_file=\(file)", "token_command=cat \(file)"] {
      await (try SparkSession.connect("sc://localhost:\(port)/;\(parameter)")).stop()
    }
    let missing = await sparkError {
      _ = try await SparkSession.connect("sc://localhost:\(port)/;token_file=/none")
    }
    #expect(missing.kind == .connectionString)
    #expect(missing.message.contains("there is no token for the Spark Connect server at localhost"))
    await server.stop()
  }
}
