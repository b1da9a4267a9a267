import NIOCore
import NIOHTTP1
import NIOPosix

/// A listening socket for HTTP/1.1 and the connections that came from it.
final class HTTPListener: Sendable {
  private let channel: any Channel
  private let connections: OpenConnections

  private init(channel: any Channel, connections: OpenConnections) {
    self.channel = channel
    self.connections = connections
  }

  /// There was no room for a connection.
  private struct NoRoom: Error {}

  /// The port, also if the system chose it.
  var port: Int { channel.localAddress?.port ?? 0 }

  /// Listens on `host` and `port` (0: any that is free).
  ///
  /// - Throws: ``KServeServerError`` if that is not possible.
  static func bind(
    host: String, port: Int, purpose: String, group: any EventLoopGroup, maxRequestBytes: Int,
    budget: MemoryBudget, connections: OpenConnections,
    respond: @escaping HTTPConnection.Responder
  ) async throws -> HTTPListener {
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 512)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.maxMessagesPerRead, value: 8)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: 1 << 20)
      )
      .childChannelInitializer { channel in
        guard let activity = connections.admit(channel, hasHeads: true) else {
          return channel.eventLoop.makeFailedFuture(NoRoom())
        }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          let stream = HTTPRequestStream()
          try pipeline.addHandlers([
            ConnectionActivityWatch(activity), HTTPResponseEncoder(),
            ByteToMessageHandler(stream), HTTPUpgradeWatch(stream), HTTPServerPipelineHandler(),
            HTTPConnection(
              maxRequestBytes: maxRequestBytes, budget: budget, activity: activity,
              client: ClientIdentity(channel)
            ) { request, answer in
              if activity.isReserve, HTTPRoute.match(request.target)?.route.purpose == .infer {
                return answer(
                  .error(
                    status: .serviceUnavailable,
                    "all connections that this server takes are at work; try again later"))
              }
              respond(request, answer)
            },
          ])
        }
      }
    do {
      let channel = try await bootstrap.bind(host: host, port: port).get()
      return HTTPListener(channel: channel, connections: connections)
    } catch {
      throw KServeServerError(
        .bind,
        "cannot listen for \(purpose) on \(host):\(port): \(error). Choose a free port, or 0 for any",
        cause: error)
    }
  }

  /// Takes no more connections, and closes those on which nothing is at work; others close behind
  /// their answer.
  func close() async {
    try? await channel.close().get()
    for connection in connections.channels(hasHeads: true) {
      connection.pipeline.fireUserInboundEventTriggered(HTTPConnection.ShouldClose())
    }
  }

  /// Closes all connections whatever is at work on them.
  func closeNow() async {
    for connection in connections.channels(hasHeads: true) { try? await connection.close().get() }
  }
}
