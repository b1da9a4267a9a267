import AccessTokens
import FakeTokenServer
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Web

@testable import ManagedSessions

/// Gives `token-1`, `token-2` and so on, or what it is told to throw.
final class NumberedTokens: TokenProvider {
  let count = Mutex(0)
  let failure: TokenError?

  init(failure: TokenError? = nil) { self.failure = failure }

  var source: String { "the test" }

  func token() async throws -> AccessToken {
    if let failure { throw failure }
    return AccessToken("token-\(count.withLock { $0 += 1; return $0 })")
  }
}

/// Waits until something holds; whether it came to that within half a minute.
func eventually(_ holds: () async throws -> Bool) async rethrows -> Bool {
  for _ in 0..<6000 {
    if try await holds() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}

/// What connects to a bridge's door.
final class TestClient: Sendable {
  private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    let bytes = Mutex<[UInt8]>([])

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let piece = unwrapInboundIn(data)
      bytes.withLock { $0 += piece.readableBytesView }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  let channel: any Channel
  private let collector: Collector

  init(_ bridge: WebSocketBridge) async throws {
    let collector = Collector()
    self.collector = collector
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(collector)
        }
      }
      .connect(unixDomainSocketPath: bridge.path).get()
  }

  var received: [UInt8] { collector.bytes.withLock { $0 } }

  /// The first bytes that came, if so many come.
  func received(_ count: Int) async -> [UInt8] {
    _ = await eventually { collector.bytes.withLock { $0.count } >= count }
    return received
  }

  func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

  /// Whether the bridge has ended the connection.
  func isEnded() async -> Bool { await eventually { !channel.isActive } }

  func close() async { try? await channel.close() }
}

/// Runs `body` with a bridge to a server over TLS.
func withBridge(
  tokens: NumberedTokens = NumberedTokens(), limits: BridgeLimits = BridgeLimits(),
  trusting authority: String = TestCertificates.authority,
  _ body: (WebSocketBridge, FakeBridge) async throws -> Void
) async throws {
  let folder = try Folder()
  let server = try await FakeBridge()
  var settings = try WebSettings(environment: [:])
  settings.authorities = try folder.write(authority, "ca.pem")
  let address = try #require(WebAddress("https://localhost:\(server.port)/the-bridge/1"))
  var plan = WebSocketBridge.Plan(
    address: address, settings: settings, tokens: TokenCache(tokens))
  plan.limits = limits
  let bridge = try await WebSocketBridge(plan)
  try await body(bridge, server)
  bridge.close()
  await server.stop()
}
