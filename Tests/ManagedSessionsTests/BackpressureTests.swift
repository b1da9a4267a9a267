import FakeTokenServer
import NIOCore
import Testing

@testable import ManagedSessions

/// One side that takes nothing: the other one has to wait, and little lies between.
struct BackpressureTests {
  /// What may lie between: in the bridge, and in the system's buffers for a TCP connection on this machine.
  private static let most = 24 << 20
  private static let total = 96 << 20

  @Test("a server that does not read stops the client")
  func slowServer() async throws {
    try await withBridge { bridge, server in
      // It counts, and does not echo what would come back.
      let client = try await TestClient(bridge)
      client.send([0])
      _ = await client.received(1)
      try await server.setReading(false)
      let piece = [UInt8](repeating: 7, count: 1 << 20)
      var sent = 0
      for _ in 0..<100 where sent < Self.total {
        while client.channel.isWritable, sent < Self.total {
          client.send(piece)
          sent += piece.count
          if !(await writableSoon(client.channel)) { break }
        }
        if !client.channel.isWritable { break }
      }
      #expect(sent < Self.most, "\(sent) bytes went out to a server that reads nothing")
      #expect(client.channel.isActive)
      try await server.setReading(true)
      let expected = sent + 1
      #expect(await client.received(expected).count == expected)
      await client.close()
    }
  }

  @Test("a client that does not read stops the server")
  func slowClient() async throws {
    try await withBridge { bridge, server in
      let client = try await TestClient(bridge)
      client.send([0])
      _ = await client.received(1)
      try await client.channel.setOption(.autoRead, value: false).get()
      var sent = 0
      var idle = 0
      while sent < Self.total, idle < 40 {
        let count = try await server.push(1 << 20)
        sent += count
        idle = count == 0 ? idle + 1 : 0
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(sent < Self.most, "\(sent) bytes went out to a client that reads nothing")
      try await client.channel.setOption(.autoRead, value: true).get()
      client.channel.read()
      let expected = sent + 1
      let received = await client.received(expected)
      #expect(received.count == expected && received.last == 0xaa)
      await client.close()
    }
  }

  private func writableSoon(_ channel: any Channel) async -> Bool {
    for _ in 0..<60 {
      if channel.isWritable { return true }
      try? await Task.sleep(for: .milliseconds(5))
    }
    return channel.isWritable
  }
}
