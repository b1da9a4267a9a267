import NIOCore
import NIOPosix

/// A listening socket and the connections that came from it.
final class Listener: Sendable {
  private let channel: any Channel
  private let connections: OpenConnections
  private let hasHeads: Bool
  private let end: @Sendable (any Channel) async -> Void

  /// There was no room for a connection.
  private struct NoRoom: Error {}

  /// The port, also if the system chose it.
  var port: Int { channel.localAddress?.port ?? 0 }

  /// Listens on `host` and `port` (0: any that is free).
  ///
  /// - Parameters:
  ///   - purpose: what is listened for, for an error's text.
  ///   - hasHeads: whether requests begin with heads, as those of HTTP/1.1.
  ///   - initialize: adds a new connection's handlers.
  ///   - end: lets a connection close when the answers on it are sent.
  /// - Throws: ``KServeServerError`` if that is not possible.
  init(
    host: String, port: Int, purpose: String, group: any EventLoopGroup,
    connections: OpenConnections, hasHeads: Bool,
    initialize: @escaping @Sendable (any Channel, ConnectionActivity) throws -> Void,
    end: @escaping @Sendable (any Channel) async -> Void
  ) async throws {
    var bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 512)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: 1 << 20)
      )
      .childChannelInitializer { channel in
        guard let activity = connections.admit(channel, hasHeads: hasHeads) else {
          return channel.eventLoop.makeFailedFuture(NoRoom())
        }
        return channel.eventLoop.makeCompletedFuture { try initialize(channel, activity) }
      }
    if hasHeads { bootstrap = bootstrap.childChannelOption(.maxMessagesPerRead, value: 8) }
    do {
      channel = try await bootstrap.bind(host: host, port: port).get()
    } catch {
      throw KServeServerError(
        .bind,
        "cannot listen for \(purpose) on \(host):\(port): \(error). Choose a free port, or 0 for any",
        cause: error)
    }
    self.connections = connections
    self.hasHeads = hasHeads
    self.end = end
  }

  /// Takes no more connections, and lets those that are open close.
  func close() async {
    try? await channel.close().get()
    for connection in connections.channels(hasHeads: hasHeads) { await end(connection) }
  }

  /// Closes all connections whatever is at work on them.
  func closeNow() async {
    for connection in connections.channels(hasHeads: hasHeads) {
      try? await connection.close().get()
    }
  }
}
