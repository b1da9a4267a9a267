import NIOCore
import NIOHTTP2
import NIOPosix

/// One HTTP/2 connection to a server, opened when a stream is asked for and there is none.
final class HTTP2Connection: Sendable {
  /// What the connection is while it is used; on the event loop only.
  private struct State {
    var current: (number: Int, multiplexer: EventLoopFuture<NIOHTTP2Handler.StreamMultiplexer>)?
    var channels: [Int: any Channel] = [:]
    var count = 0
    var failure: (any Error)?
    var isClosed = false
  }

  let eventLoop: any EventLoop
  private let address: ServerAddress
  private let state: NIOLoopBoundBox<State>

  init(_ address: ServerAddress) {
    self.address = address
    eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: eventLoop)
  }

  /// Opens a stream with `handler` in its pipeline; on the event loop only.
  func openStream(
    _ handler: some ChannelInboundHandler & Sendable
  ) -> EventLoopFuture<any Channel> {
    multiplexer().flatMap { multiplexer in
      let promise = self.eventLoop.makePromise(of: (any Channel).self)
      multiplexer.createStreamChannel(promise: promise) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      return promise.futureResult
    }
  }

  /// Why the connection ended, as far as it is known; on the event loop only.
  var failure: any Error { state.value.failure ?? ChannelError.eof }

  /// Ends the connection and all its streams.
  func close() async {
    let channels = try? await eventLoop.submit {
      self.state.value.isClosed = true
      self.state.value.current = nil
      return Array(self.state.value.channels.values)
    }.get()
    for channel in channels ?? [] { try? await channel.close() }
  }

  private func multiplexer() -> EventLoopFuture<NIOHTTP2Handler.StreamMultiplexer> {
    if state.value.isClosed { return eventLoop.makeFailedFuture(ChannelError.alreadyClosed) }
    if let current = state.value.current { return current.multiplexer }
    state.value.count += 1
    let number = state.value.count
    state.value.failure = nil
    // The multiplexer is there before the connection is, which streams cannot do without.
    let multiplexer = address.connect(on: eventLoop) { channel in
      let pipeline = channel.pipeline.syncOperations
      _ = try pipeline.configureHTTP2Pipeline(
        mode: .client, connectionConfiguration: Self.connectionConfiguration,
        streamConfiguration: Self.streamConfiguration
      ) { $0.close() }
      try pipeline.addHandler(ConnectionWatcher(connection: self, number: number))
    }
    .flatMapThrowing { channel in
      self.opened(channel, number: number)
      return try channel.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self)
    }
    .flatMap { $0.multiplexer }
    state.value.current = (number, multiplexer)
    multiplexer.whenFailure { _ in self.retire(number) }
    return multiplexer
  }

  private func opened(_ channel: any Channel, number: Int) {
    if state.value.isClosed {
      channel.close(promise: nil)
      return
    }
    state.value.channels[number] = channel
    channel.closeFuture.whenComplete { _ in
      self.state.value.channels[number] = nil
      self.retire(number)
    }
  }

  /// Lets the next stream open another connection.
  fileprivate func retire(_ number: Int, failure: (any Error)? = nil) {
    if let failure { state.value.failure = failure }
    if state.value.current?.number == number { state.value.current = nil }
  }

  /// Tensors are large: few big frames, and windows that a whole batch fits in.
  private static let connectionConfiguration: NIOHTTP2Handler.ConnectionConfiguration = {
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .enablePush, value: 0),
      HTTP2Setting(parameter: .initialWindowSize, value: window),
      HTTP2Setting(parameter: .maxFrameSize, value: 1 << 20),
      HTTP2Setting(parameter: .maxHeaderListSize, value: 64 << 10),
    ]
    configuration.targetWindowSize = window
    return configuration
  }()

  private static let streamConfiguration: NIOHTTP2Handler.StreamConfiguration = {
    var configuration = NIOHTTP2Handler.StreamConfiguration()
    configuration.targetWindowSize = window
    return configuration
  }()

  private static let window = 16 << 20
}

/// Takes a connection out of use when the server announces its end.
private final class ConnectionWatcher: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame

  private let connection: HTTP2Connection
  private let number: Int

  init(connection: HTTP2Connection, number: Int) {
    self.connection = connection
    self.number = number
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .goAway = unwrapInboundIn(data).payload { connection.retire(number) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    connection.retire(number, failure: error)
    context.close(promise: nil)
  }
}
