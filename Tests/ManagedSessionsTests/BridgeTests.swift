import AccessTokens
import FakeTokenServer
import Foundation
import NIOCore
import NIOWebSocket
import Testing

@testable import ManagedSessions

/// Bytes through web sockets, over real TLS.
struct BridgeTests {
  private let limits = {
    var limits = BridgeLimits()
    limits.handshake = 1
    limits.silence = 0.1
    limits.answer = 2
    limits.stall = 20
    return limits
  }()

  @Test("bytes pass both ways as they are, in whatever pieces", arguments: [1 << 16, 7, 1])
  func echo(longestFrame: Int) async throws {
    try await withBridge { bridge, server in
      server.change { $0.longestFrame = longestFrame }
      let client = try await TestClient(bridge)
      var sent: [UInt8] = []
      for size in longestFrame == 1 << 16 ? [1, 255, 100_000, 300_000] : [1, 255, 1000] {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) }
        client.send(bytes)
        sent += bytes
        #expect(await client.received(sent.count) == sent)
      }
      #expect(server.requests.count == 1)
      #expect(server.requests.first?.path == "/the-bridge/1")
      #expect(server.requests.first?.authorization == "Bearer token-1")
      #expect(bridge.failure == nil && bridge.count == 1)
      await client.close()
      #expect(!(await client.received(0)).isEmpty)
    }
  }

  @Test("each connection has a web socket of its own, and ends with it")
  func connections() async throws {
    try await withBridge { bridge, server in
      let clients = [try await TestClient(bridge), try await TestClient(bridge)]
      for (index, client) in clients.enumerated() {
        client.send([UInt8(index)])
        #expect(await client.received(1) == [UInt8(index)])
      }
      #expect(server.requests.count == 2)
      await server.cut()
      for client in clients { #expect(await client.isEnded()) }
      guard case .closed(code: nil, _)? = bridge.failure else {
        Issue.record("\(String(describing: bridge.failure))")
        return
      }
      // Whoever connects again gets another one.
      let again = try await TestClient(bridge)
      again.send([9])
      #expect(await again.received(1) == [9])
      #expect(bridge.failure == nil && bridge.count == 3)
      await again.close()
    }
  }

  @Test(
    "a cut in the middle, and a goodbye with a code, end the client's connection",
    arguments: [nil, 1011])
  func end(code: UInt16?) async throws {
    try await withBridge { bridge, server in
      server.change {
        $0.endsAfter = 1000
        $0.closeCode = code
      }
      let client = try await TestClient(bridge)
      client.send([UInt8](repeating: 1, count: 999))
      #expect(await client.received(999).count == 999)
      client.send([1])
      #expect(await client.isEnded())
      // What came before the end is there.
      #expect(client.received.count == 1000)
      let failure = try #require(bridge.failure)
      #expect(failure.mayPass)
      let text =
        code == nil
        ? "has ended without a word" : "with the code 1011 (internal error): no more"
      #expect("\(failure)".contains(text))
    }
  }

  @Test("a ping without an answer ends it; with answers a silent server stays")
  func pings() async throws {
    try await withBridge(limits: limits) { bridge, server in
      let client = try await TestClient(bridge)
      #expect(await eventually { server.received.pings >= 3 })
      #expect(client.channel.isActive && bridge.failure == nil)
      try await server.send(.ping, "you?")
      #expect(await eventually { server.received.pongs == 1 })
      server.change { $0.answersPings = false }
      #expect(await client.isEnded())
      #expect(bridge.failure.map { "\($0)" } == "it has not answered a ping for 2 s")
    }
  }

  @Test("a server that says nothing is given up after the time for it")
  func mute() async throws {
    try await withBridge(limits: limits) { bridge, server in
      server.change { $0.isMute = true }
      let client = try await TestClient(bridge)
      #expect(await client.isEnded())
      #expect(bridge.failure.map { "\($0)" } == "there was no web socket after 1 s")
      #expect(bridge.failure?.mayPass == true)
    }
  }

  @Test(
    "what has no place in the bridge is refused",
    arguments: ["zz": "hexadecimal", "abc": "half a byte", "": "order"])
  func garbage(_ sent: (text: String, says: String)) async throws {
    try await withBridge { bridge, server in
      let client = try await TestClient(bridge)
      client.send([1])
      #expect(await client.received(1) == [1])
      try await server.send(sent.text.isEmpty ? .continuation : .text, sent.text)
      #expect(await client.isEnded())
      let failure = try #require(bridge.failure)
      #expect(!failure.mayPass && "\(failure)".contains(sent.says))
    }
  }

  @Test("a message of bytes is taken as it is")
  func binary() async throws {
    try await withBridge { bridge, server in
      let client = try await TestClient(bridge)
      client.send([1])
      #expect(await client.received(1) == [1])
      try await server.send(.binary, "zz")
      #expect(await client.received(3) == [1] + Array("zz".utf8))
      await client.close()
    }
  }

  @Test("only this user may enter, and nothing stays behind")
  func folder() async throws {
    var path = ""
    try await withBridge { bridge, _ in
      path = URL(fileURLWithPath: bridge.path).deletingLastPathComponent().path
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect((attributes[.posixPermissions] as? Int) == 0o700)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
