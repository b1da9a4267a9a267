import AccessTokens
import FakeTokenServer
import Testing

@testable import ManagedSessions

/// Servers that give no web socket.
struct BridgeRefusalTests {
  @Test(
    "the status is told, and whether it may pass",
    arguments: [
      (400, false), (403, false), (404, false), (429, true), (500, true), (502, true), (503, true),
    ])
  func statuses(_ status: Int, _ mayPass: Bool) async throws {
    try await withBridge { bridge, server in
      server.change { $0.status = { _, _ in status } }
      let client = try await TestClient(bridge)
      client.send([1, 2, 3])
      #expect(await client.isEnded())
      let failure = try #require(bridge.failure)
      #expect("\(failure)".contains("HTTP \(status) "))
      #expect(failure.mayPass == mayPass)
      #expect(server.requests.count == 1 && bridge.count == 0)
    }
  }

  @Test("a token that is refused is renewed, once")
  func renewal() async throws {
    try await withBridge { bridge, server in
      server.change { $0.status = { token, _ in token == "Bearer token-2" ? 101 : 401 } }
      let client = try await TestClient(bridge)
      client.send([5])
      #expect(await client.received(1) == [5])
      #expect(server.requests.map(\.authorization) == ["Bearer token-1", "Bearer token-2"])
      // The good one is kept.
      let other = try await TestClient(bridge)
      other.send([6])
      #expect(await other.received(1) == [6])
      #expect(server.requests.count == 3)

      server.change { $0.status = { _, _ in 401 } }
      let refused = try await TestClient(bridge)
      #expect(await refused.isEnded())
      #expect(server.requests.count == 5)
      guard case .refused(status: 401, _)? = bridge.failure else {
        Issue.record("\(String(describing: bridge.failure))")
        return
      }
      #expect(bridge.failure?.mayPass == false)
      await client.close()
      await other.close()
    }
  }

  @Test("without a token nobody is asked")
  func noToken() async throws {
    let tokens = NumberedTokens(failure: TokenError(.settings, "the key is no key"))
    try await withBridge(tokens: tokens) { bridge, server in
      let client = try await TestClient(bridge)
      #expect(await client.isEnded())
      #expect(server.requests.isEmpty)
      #expect(bridge.failure.map { "\($0)" } == "the key is no key")
      #expect(bridge.failure?.mayPass == false)
    }
  }

  @Test("a certificate of somebody unknown is not accepted, and not tried again")
  func trust() async throws {
    try await withBridge(trusting: TestCertificates.client) { bridge, server in
      let client = try await TestClient(bridge)
      #expect(await client.isEnded())
      let failure = try #require(bridge.failure)
      #expect("\(failure)".contains("CERTIFICATE_VERIFY_FAILED"), "\(failure)")
      #expect(!failure.mayPass && server.requests.isEmpty)
    }
  }

  @Test("nobody listens there")
  func nobody() async throws {
    try await withBridge { bridge, server in
      await server.stop()
      let client = try await TestClient(bridge)
      #expect(await client.isEnded())
      #expect(bridge.failure?.mayPass == true)
      #expect("\(String(describing: bridge.failure))".contains("no connection could be made"))
    }
  }
}
