import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix

/// A listening socket for gRPC and the connections that came from it.
///
/// gRPC over HTTP/2 is spoken here directly on NIO: a call is one handler on the network thread, which
/// receives a message where its tensors can be viewed and hands it on, where the general library
/// starts several tasks for each call; those cost more than a small model.
final class GRPCListener: Sendable {
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

  /// Frames of this size carry a batch in few pieces.
  private static let maxFrameSize = 1 << 20
  /// A batch fits in the window, so that a sender need not wait for updates.
  private static let windowSize = 32 << 20
  /// The calls that a connection may have open; a client keeps what is beyond them back. Each costs the
  /// network's threads some time, which health checks wait for, so that many connections of thousands
  /// of calls would hold them up for seconds; and enough rows for a batch come from fewer.
  private static let maxConcurrentStreams = 256

  /// Listens on `host` and `port` (0: any that is free).
  ///
  /// - Throws: ``KServeServerError`` if that is not possible.
  static func bind(
    host: String, port: Int, group: any EventLoopGroup, methods: GRPCMethods, maxMessageBytes: Int,
    inference: InferenceService, connections: OpenConnections, bytesInFlight: Int
  ) async throws -> GRPCListener {
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 512)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: 1 << 20)
      )
      .childChannelInitializer { channel in
        guard let activity = connections.admit(channel, hasHeads: false) else {
          return channel.eventLoop.makeFailedFuture(NoRoom())
        }
        let connection = GRPCConnection(
          channel, activity: activity, inference: inference, maxMessageBytes: maxMessageBytes,
          bytesInFlight: bytesInFlight)
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          let watch = GRPCGoAwayWatch()
          try pipeline.addHandler(ConnectionActivityWatch(activity))
          try pipeline.addHandler(watch)
          _ = try pipeline.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connectionConfiguration,
            streamConfiguration: streamConfiguration
          ) { stream in
            stream.eventLoop.makeCompletedFuture {
              try stream.pipeline.syncOperations.addHandler(
                GRPCCall(methods: methods, connection: connection))
            }
          }
          try pipeline.addHandler(GRPCConnectionEnd(watch))
        }
      }
    do {
      let channel = try await bootstrap.bind(host: host, port: port).get()
      return GRPCListener(channel: channel, connections: connections)
    } catch {
      throw KServeServerError(
        .bind,
        "cannot listen for gRPC on \(host):\(port): \(error). Choose a free port, or 0 for any",
        cause: error)
    }
  }

  private static var connectionConfiguration: NIOHTTP2Handler.ConnectionConfiguration {
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: maxConcurrentStreams),
      HTTP2Setting(parameter: .initialWindowSize, value: windowSize),
      HTTP2Setting(parameter: .maxFrameSize, value: maxFrameSize),
      HTTP2Setting(parameter: .maxHeaderListSize, value: 1 << 16),
    ]
    configuration.targetWindowSize = windowSize
    // Clients of gRPC measure the line with pings while they receive.
    configuration.controlFrameRateLimit.maximumCount = 10_000
    return configuration
  }

  private static var streamConfiguration: NIOHTTP2Handler.StreamConfiguration {
    var configuration = NIOHTTP2Handler.StreamConfiguration()
    configuration.targetWindowSize = windowSize
    configuration.outboundBufferSizeHighWatermark = maxFrameSize
    configuration.outboundBufferSizeLowWatermark = maxFrameSize / 2
    // A client that gives all its calls up at once means no harm.
    configuration.streamResetFrameRateLimit.maximumCount = 10_000
    return configuration
  }

  /// Takes no more connections and tells clients to send no more calls on those that are open.
  func close() async {
    try? await channel.close().get()
    let goAway = HTTP2Frame(
      streamID: .rootStream,
      payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil))
    for connection in connections.channels(hasHeads: false) {
      try? await connection.writeAndFlush(goAway).get()
    }
  }

  /// Closes all connections.
  func closeNow() async {
    for connection in connections.channels(hasHeads: false) { try? await connection.close().get() }
  }
}
