import NIOCore
import NIOHPACK
import NIOHTTP2

/// Refuses calls whose message is longer than the server takes, with a status that says so, before
/// the message arrives. (gRPC's own limit breaks the stream without a reason.)
///
/// The handler sits between HTTP/2 and gRPC in a call's channel and reads the lengths in front of the
/// messages.
final class MessageSizeLimit: ChannelDuplexHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias InboundOut = HTTP2Frame.FramePayload
  typealias OutboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  private let limit: Int
  /// The bytes of a message's prefix (a flag, and its length in 32 bits) that have come.
  private var prefix: [UInt8] = []
  /// The bytes of the current message still to come.
  private var rest = 0
  private var hasRefused = false

  init(limit: Int) { self.limit = limit }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What follows a refused message is dropped; the client stops when it has read the status.
    if hasRefused { return }
    if case .data(let frame) = unwrapInboundIn(data), case .byteBuffer(let buffer) = frame.data,
      let size = messageBeyondLimit(buffer.readableBytesView)
    {
      refuse(size: size, context: context)
      return
    }
    context.fireChannelRead(data)
  }

  /// The size of a message that begins in `bytes` and is too long; `nil` if there is none.
  private func messageBeyondLimit(_ bytes: ByteBufferView) -> Int? {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      if rest > 0 {
        let taken = min(rest, bytes.count)
        bytes = bytes.dropFirst(taken)
        rest -= taken
        continue
      }
      prefix.append(bytes.removeFirst())
      guard prefix.count == 5 else { continue }
      rest = prefix.dropFirst().reduce(0) { $0 << 8 | Int($1) }
      prefix.removeAll(keepingCapacity: true)
      if rest > limit { return rest }
    }
    return nil
  }

  private func refuse(size: Int, context: ChannelHandlerContext) {
    hasRefused = true
    let message =
      "the request has \(size) bytes, more than the \(limit) bytes that this server takes; send fewer "
      + "rows at a time"
    let headers = HPACKHeaders([
      (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "8"),
      ("grpc-message", message),
    ])
    // gRPC learns that the call is over, and whatever it answers goes nowhere.
    context.fireChannelRead(wrapInboundOut(.rstStream(.cancel)))
    context.writeAndFlush(
      wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if hasRefused {
      promise?.fail(ChannelError.ioOnClosedChannel)
    } else {
      context.write(data, promise: promise)
    }
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if hasRefused {
      // Closing now would reset the stream, perhaps ahead of the status.
      promise?.succeed()
    } else {
      context.close(mode: mode, promise: promise)
    }
  }
}
