import NIOCore
import NIOHTTP2

/// What the calls of one connection share.
final class GRPCConnection: Sendable {
  let activity: ConnectionActivity
  let client: ClientIdentity
  /// Of the bytes of requests and answers; what is beyond waits.
  let limit: InFlightLimit
  let inference: InferenceService
  let maxMessageBytes: Int
  let bytesInFlight: Int
  /// The requests at work; counted by the network's thread.
  private let atWork: NIOLoopBoundBox<Int>
  /// The bytes of answers that the client has not taken yet; counted by the network's thread.
  let unsent: NIOLoopBoundBox<Int>

  init(
    _ channel: any Channel, activity: ConnectionActivity, inference: InferenceService,
    maxMessageBytes: Int, bytesInFlight: Int
  ) {
    self.activity = activity
    self.inference = inference
    self.maxMessageBytes = maxMessageBytes
    self.bytesInFlight = bytesInFlight
    client = ClientIdentity(channel)
    let limit = InFlightLimit(limit: bytesInFlight, starter: inference.starter)
    self.limit = limit
    atWork = NIOLoopBoundBox(0, eventLoop: channel.eventLoop)
    unsent = NIOLoopBoundBox(0, eventLoop: channel.eventLoop)
    channel.closeFuture.whenComplete { _ in limit.close() }
  }

  /// A request has begun; on the network's thread only.
  func began() {
    atWork.value += 1
    if atWork.value == 1 { activity.enter(.working) }
  }

  /// A request has ended; on the network's thread only.
  func ended() {
    atWork.value -= 1
    if atWork.value == 0 { activity.enter(.waiting) }
  }
}

/// Closes a connection behind a fatal GOAWAY, which NIO sends and leaves it at that.
///
/// An error of a stream ends in the same place as one of the connection; what was written just before
/// tells which one it is.
final class GRPCConnectionEnd: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private let watch: GRPCGoAwayWatch

  init(_ watch: GRPCGoAwayWatch) { self.watch = watch }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if watch.hasFailed || !(error is any NIOHTTP2Error) { context.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is HTTPConnection.TimedOut else {
      return context.fireUserInboundEventTriggered(event)
    }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.farewell)).whenComplete { _ in
      bound.value.close(promise: nil)
    }
  }
}

/// Looks for a GOAWAY with an error among what is written, in front of NIO's handler.
final class GRPCGoAwayWatch: ChannelOutboundHandler {
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  /// Whether the last thing written was such a frame.
  private(set) var hasFailed = false

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .byteBuffer(let buffer) = unwrapOutboundIn(data) {
      hasFailed = Self.isFailure(buffer)
    } else {
      hasFailed = false
    }
    context.write(data, promise: promise)
  }

  /// A frame's header has 9 bytes: the length in 3, the type (7 for GOAWAY), flags, and the stream (0)
  /// in 4; then come the last stream and the error, in 4 each (RFC 9113, 4.1 and 6.8).
  private static func isFailure(_ buffer: ByteBuffer) -> Bool {
    let start = buffer.readerIndex
    guard buffer.readableBytes >= 17, buffer.getInteger(at: start + 3, as: UInt8.self) == 7,
      buffer.getInteger(at: start + 5, as: UInt32.self) == 0,
      let error = buffer.getInteger(at: start + 13, as: UInt32.self)
    else { return false }
    return error != 0
  }
}
