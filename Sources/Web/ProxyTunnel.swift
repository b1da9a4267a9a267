import NIOCore

/// Asks a proxy to connect a server, and lets all bytes pass once it has.
final class ProxyTunnel: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let request: String
  private let fail: (any Error) -> Void
  private let proceed: (ChannelPipeline.SynchronousOperations) throws -> Void
  private var received = ByteBuffer()
  private var isOpen = false

  /// - Parameters:
  ///   - fail: takes the reason if there is no way.
  ///   - proceed: adds the handlers behind this one when the way is free.
  init(
    _ request: String, fail: @escaping (any Error) -> Void,
    proceed: @escaping (ChannelPipeline.SynchronousOperations) throws -> Void
  ) {
    self.request = request
    self.fail = fail
    self.proceed = proceed
  }

  /// The connection is there when the handler is added.
  func handlerAdded(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isOpen { return context.fireChannelRead(data) }
    var buffer = unwrapInboundIn(data)
    received.writeBuffer(&buffer)
    let text = String(buffer: received)
    guard text.contains("\r\n\r\n") else {
      if received.readableBytes > 1 << 16 { refuse(context, "answers without an end") }
      return
    }
    let line = text.prefix { !$0.isNewline }
    let words = line.split(separator: " ")
    guard words.count > 1, let status = Int(words[1]), (200..<300).contains(status) else {
      return refuse(context, "answers '\(line)' when it shall connect")
    }
    // The server behind says nothing before it is spoken to.
    isOpen = true
    do {
      try proceed(context.pipeline.syncOperations)
    } catch {
      fail(error)
      context.close(promise: nil)
    }
  }

  private func refuse(_ context: ChannelHandlerContext, _ reason: String) {
    fail(
      WebFailure.refusedByProxy(
        "the proxy that HTTPS_PROXY or ALL_PROXY names \(reason); correct the variable, or except the "
          + "server by NO_PROXY"))
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if !isOpen, case .read? = event as? IdleStateHandler.IdleStateEvent {
      refuse(context, "does not answer")
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    if !isOpen { refuse(context, "ends the connection") }
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if !isOpen { fail(WebFailure.lost(error)) }
    context.fireErrorCaught(error)
  }
}
