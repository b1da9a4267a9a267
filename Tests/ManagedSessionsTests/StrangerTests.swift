import AccessTokens
import FakeTokenServer
import Foundation
import NIOCore
import Testing
import Web

@testable import ManagedSessions

/// The bridge with a web socket of somebody else's: aiohttp's, where the check environments have it.
struct StrangerTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A Python that has aiohttp.
  static let python: String? = [".venv-peers", ".venv-writers"].lazy
    .map { root.appending(path: $0) }
    .first { environment in
      let libraries = environment.appending(path: "lib").path
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? []
      return versions.contains {
        FileManager.default.fileExists(atPath: "\(libraries)/\($0)/site-packages/aiohttp")
      }
    }?.appending(path: "bin/python").path

  @Test(
    "aiohttp's web socket: a token that is renewed, bytes, pings, a goodbye",
    .enabled(if: python != nil))
  func stranger() async throws {
    let folder = try Folder()
    let server = Process()
    server.executableURL = URL(fileURLWithPath: try #require(Self.python))
    server.arguments = [
      URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "web_socket_server.py").path,
      try folder.write(TestCertificates.server, "server.pem"),
      try folder.write(TestCertificates.serverKey, "server.key"),
    ]
    let (input, output) = (Pipe(), Pipe())
    server.standardInput = input
    server.standardOutput = output
    try server.run()
    defer {
      try? input.fileHandleForWriting.close()
      server.waitUntilExit()
    }
    let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let port = try #require(Int(said.split(separator: "\n").first ?? ""))

    var settings = try WebSettings(environment: [:])
    settings.authorities = try folder.write(TestCertificates.authority, "ca.pem")
    let address = try #require(WebAddress("https://localhost:\(port)/bridge"))
    var plan = WebSocketBridge.Plan(
      address: address, settings: settings, tokens: TokenCache(NumberedTokens()))
    plan.limits.silence = 0.3
    let bridge = try await WebSocketBridge(plan)
    let client = try await TestClient(bridge)
    var sent: [UInt8] = []
    let sizes = [1, 125, 126, 65_535, 300_000]
    for size in sizes {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 % 251) }
      client.send(bytes)
      sent += bytes
      #expect(await client.received(sent.count) == sent)
    }
    // Five messages and the pieces of the long one had a ping each; ours comes when all are silent.
    try await Task.sleep(for: .seconds(1))
    #expect(client.channel.isActive && bridge.failure == nil)
    client.send([255, 255])
    #expect(await client.isEnded())
    let failure = bridge.failure.map { "\($0)" } ?? ""
    let start = "it has closed the web socket with the code 1012 (service restart): 1, "
    #expect(failure.hasPrefix(start), "\(failure)")
    #expect((Int(failure.dropFirst(start.count)) ?? 0) >= sizes.count, "\(failure)")
    bridge.close()
  }
}
