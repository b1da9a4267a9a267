import NIOCore

/// The end of a tunnel at the client: its bytes go into the web socket, and the socket's to it.
///
/// Nothing is read here while the other end has too much to send, so that a tunnel never holds more than some
/// hundred kilobytes; the same holds in the other direction. All of it happens on one event loop.
final class LocalEnd: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var context: ChannelHandlerContext?
  private var other: SocketEnd?
  private var isWaiting = true

  /// Whether the client is there still.
  var isOpen: Bool { context?.channel.isActive == true }
  /// Whether the client takes bytes.
  var isWritable: Bool { context?.channel.isWritable == true }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// Lets bytes pass from now on.
  func join(_ other: SocketEnd) {
    self.other = other
    proceed()
  }

  /// Reads on, if it has waited for the other end.
  func proceed() {
    guard let context, let other else { return }
    if other.isWritable {
      isWaiting = false
      context.read()
    } else {
      isWaiting = true
    }
  }

  /// Reads on if it has waited.
  func othersWritabilityChanged() { if isWaiting { proceed() } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    other?.send(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    other?.flush()
    proceed()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    other?.othersWritabilityChanged()
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    other?.othersEnd()
    other = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  // MARK: What the other end does

  func write(_ bytes: ByteBuffer) { context?.write(wrapOutboundOut(bytes), promise: nil) }

  func flush() { context?.flush() }

  /// Ends the client's connection when it has all that came.
  func othersEnd() {
    other = nil
    guard let context else { return }
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
      channel.close(promise: nil)
    }
  }
}
