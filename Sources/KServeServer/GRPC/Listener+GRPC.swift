import NIOCore
import NIOHTTP1
import NIOHTTP2

extension Listener {
  /// Frames of this size carry a batch in few pieces.
  private static let maxFrameSize = 1 << 20
  /// A batch fits in the window, so that a sender need not wait for updates.
  private static let windowSize = 32 << 20
  /// The calls that a connection may have open; a client keeps what is beyond them back. Each costs the
  /// network's threads some time, which health checks wait for, so that many connections of thousands
  /// of calls would hold them up for seconds; and enough rows for a batch come from fewer.
  private static let maxConcurrentStreams = 256

  /// Listens for gRPC on `host` and `port`. When it closes, clients are told to send no more calls on
  /// their connections.
  ///
  /// gRPC over HTTP/2 is spoken here directly on NIO: a call is one handler on the network thread, which
  /// receives a message where its tensors can be viewed and hands it on, where the general library
  /// starts several tasks for each call; those cost more than a small model.
  ///
  /// - Throws: ``KServeServerError`` if that is not possible.
  static func grpc(
    host: String, port: Int, group: any EventLoopGroup, methods: GRPCMethods, maxMessageBytes: Int,
    inference: InferenceService, connections: OpenConnections, bytesInFlight: Int
  ) async throws -> Listener {
    try await Listener(
      host: host, port: port, purpose: "gRPC", group: group, connections: connections,
      hasHeads: false
    ) { channel, activity in
      let connection = GRPCConnection(
        channel, activity: activity, inference: inference, maxMessageBytes: maxMessageBytes,
        bytesInFlight: bytesInFlight)
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
    } end: {
      try? await $0.writeAndFlush(HTTP2Frame.farewell).get()
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
}

extension HTTP2Frame {
  /// Tells a client to send no more calls on its connection.
  static var farewell: HTTP2Frame {
    HTTP2Frame(
      streamID: .rootStream,
      payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil))
  }
}
