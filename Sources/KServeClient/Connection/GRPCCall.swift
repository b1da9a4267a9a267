import NIOCore
import NIOHPACK
import NIOHTTP2
import Tensors

/// One gRPC call: a stream of HTTP/2 with one request and any number of responses.
///
/// A call is its stream's only handler and needs no task of its own, so that a small one costs two
/// changes of thread: to the event loop and back.
final class GRPCCall: ChannelInboundHandler, NetworkCall, @unchecked Sendable {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  struct Request: Sendable {
    var headers: HPACKHeaders
    /// The message behind its prefix, until it is sent.
    var body: ByteBuffer?
    var deadline: NIODeadline
    var maxResponseBytes: Int
  }

  private let connection: HTTP2Connection
  private let receive: @Sendable (TensorBytes) -> Void
  private let complete: @Sendable (CallFailure?) -> Void
  // The rest is used on the event loop only.
  private var state = ClientCallState<TensorBytes>()
  private var request: Request
  private var channel: (any Channel)?
  private var timer: Scheduled<Void>?
  private var reader = GRPCMessageReader()
  private var memory: GRPCAnswerMemory

  /// - Parameters:
  ///   - receive: takes each response, on the event loop.
  ///   - complete: is called once, on the event loop, after the last response.
  init(
    _ request: Request, on connection: HTTP2Connection,
    receive: @escaping @Sendable (TensorBytes) -> Void,
    complete: @escaping @Sendable (CallFailure?) -> Void
  ) {
    self.request = request
    self.connection = connection
    self.receive = receive
    self.complete = complete
    memory = GRPCAnswerMemory(maxMessageBytes: request.maxResponseBytes)
  }

  func start() { connection.eventLoop.execute { self.perform(self.state.start()) } }

  func cancel() { connection.eventLoop.execute { self.perform(self.state.cancel()) } }

  private func perform(_ action: ClientCallState<TensorBytes>.Action?) {
    switch action {
    case .open?: openStream()
    case .deliver(let message)?: receive(message)
    case .end(let failure, let closesStream)?:
      timer?.cancel()
      timer = nil
      if closesStream { channel?.close(promise: nil) }
      channel = nil
      complete(failure)
    case nil: break
    }
  }

  private func openStream() {
    timer = connection.eventLoop.scheduleTask(deadline: request.deadline) {
      self.perform(self.state.failed(.deadline))
    }
    connection.openStream(self).whenFailure { self.perform(self.state.closed($0)) }
  }

  func channelActive(context: ChannelHandlerContext) {
    guard state.opened() else { return context.close(promise: nil) }
    channel = context.channel
    context.write(wrapOutboundOut(.headers(.init(headers: request.headers))), promise: nil)
    // The sender may use the memory again as soon as nobody else holds it.
    let body = request.body.take() ?? ByteBuffer()
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenSuccess { self.state.written() }
    context.writeAndFlush(
      wrapOutboundOut(.data(.init(data: .byteBuffer(body), endStream: true))), promise: written)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .headers(let frame):
      perform(
        state.received(
          frame.headers, isLast: frame.endStream, isInMessage: reader.isInMessage))
    case .data(let frame):
      if case .byteBuffer(let buffer) = frame.data { read(buffer) }
      if frame.endStream { perform(state.receivedEnd()) }
    case .rstStream(let code):
      perform(state.closed(NIOHTTP2Errors.streamClosed(streamID: 0, errorCode: code)))
    default: break
    }
  }

  private func read(_ frame: ByteBuffer) {
    var buffer = frame
    do throws(GRPCAnswerMemory.TooLong) {
      while !state.hasEnded, let message = try reader.next(from: &buffer, in: &memory) {
        perform(state.received(message.bytes, isCompressed: message.isCompressed))
      }
    } catch {
      perform(state.failed(.tooLong(byteCount: error.byteCount)))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    perform(state.closed(connection.failure))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    perform(state.closed(error))
    context.close(promise: nil)
  }
}

/// The memory for an answer: all of it at once, if it is not longer than the caller takes.
private struct GRPCAnswerMemory: GRPCMessageMemory {
  typealias Failure = TooLong

  struct TooLong: Error {
    var byteCount: Int
  }

  let maxMessageBytes: Int

  func storage(
    for needed: Int, of expected: Int, behind lead: Int
  ) throws(TooLong) -> TensorStorage {
    guard expected <= maxMessageBytes else { throw TooLong(byteCount: expected) }
    return TensorStorage(byteCount: lead + expected)
  }
}
