import NIOCore
import NIOPosix
import Testing

@testable import SparkConnect

/// That the system watches connections. What comes of it is seen by `scripts/testbed`, which cuts networks.
struct SilentServerTests {
  @Test("a connection is watched by the system")
  func watched() async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let server = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
    let client = try await ClientBootstrap(group: group)
      .connect(to: try #require(server.localAddress)).get()
    try await SilentServer.watch(client).get()
    for (option, value) in SilentServer.options {
      #expect(try await client.getOption(option).get() == value, "\(option)")
    }
    try await client.close()
    try await server.close()
  }
}
