import NIOCore
import NIOHTTP1
import NIOPosix

/// The HTTP/1.1 connections to a server: as many as there are calls at a time, kept for those to come.
final class HTTP1Connections: Sendable {
  /// On the event loop only.
  private struct State {
    var idle: [HTTP1Connection] = []
    var open: [ObjectIdentifier: any Channel] = [:]
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

  /// A connection that nobody else uses; on the event loop only.
  func take() -> EventLoopFuture<HTTP1Connection> {
    if state.value.isClosed { return eventLoop.makeFailedFuture(ChannelError.alreadyClosed) }
    if let idle = state.value.idle.popLast() { return eventLoop.makeSucceededFuture(idle) }
    let connection = HTTP1Connection(owner: self)
    return address.connect(on: eventLoop) { channel in
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
      try pipeline.addHandler(connection)
    }.flatMapThrowing { channel in
      if self.state.value.isClosed {
        channel.close(promise: nil)
        throw ChannelError.alreadyClosed
      }
      self.state.value.open[ObjectIdentifier(connection)] = channel
      return connection
    }
  }

  /// Keeps a connection for the next call.
  fileprivate func put(_ connection: HTTP1Connection) { state.value.idle.append(connection) }

  fileprivate func forget(_ connection: HTTP1Connection) {
    state.value.idle.removeAll { $0 === connection }
    state.value.open[ObjectIdentifier(connection)] = nil
  }

  /// Ends all connections.
  func close() async {
    let channels = try? await eventLoop.submit {
      self.state.value.isClosed = true
      return Array(self.state.value.open.values)
    }.get()
    for channel in channels ?? [] { try? await channel.close() }
  }
}

/// One HTTP/1.1 connection, which has one call at a time; used on its event loop only.
final class HTTP1Connection: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let owner: HTTP1Connections
  private var context: ChannelHandlerContext?
  private var call: HTTP1Call?
  private var isKeptAlive = true

  init(owner: HTTP1Connections) { self.owner = owner }

  /// Sends a call's request; the call gets the answer.
  func send(_ head: HTTPRequestHead, _ body: ByteBuffer, for call: HTTP1Call) {
    guard let context, context.channel.isActive else {
      return call.failed(.notSent(ChannelError.ioOnClosedChannel))
    }
    self.call = call
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if body.readableBytes > 0 {
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  /// Ends the connection with the call that it has: HTTP/1.1 has no other way to give one up.
  func close() {
    call = nil
    context?.close(promise: nil)
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let call else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      isKeptAlive = head.isKeepAlive
      call.received(head)
    case .body(let buffer): call.received(buffer)
    case .end:
      self.call = nil
      if isKeptAlive { owner.put(self) } else { context.close(promise: nil) }
      call.receivedEnd()
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    owner.forget(self)
    call?.failed(.lost(ChannelError.eof))
    call = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    call?.failed(.lost(error))
    call = nil
    context.close(promise: nil)
  }
}
