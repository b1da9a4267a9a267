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
  private var request: Request
  private var channel: (any Channel)?
  private var timer: Scheduled<Void>?
  private var reader = GRPCMessageReader()
  private var memory: GRPCAnswerMemory
  private var hasStarted = false
  private var isSent = false
  /// Whether all of the request has gone out.
  private var isWritten = false
  private var hasHeaders = false
  private var hasEnded = false
  private var isCancelled = false

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

  func start() { connection.eventLoop.execute { self.begin() } }

  func cancel() {
    connection.eventLoop.execute {
      self.isCancelled = true
      if self.hasStarted { self.end(.cancelled) }
    }
  }

  private func begin() {
    hasStarted = true
    if isCancelled { return end(.cancelled) }
    timer = connection.eventLoop.scheduleTask(deadline: request.deadline) { self.end(.deadline) }
    connection.openStream(self).whenFailure { self.end(.notSent($0)) }
  }

  /// - Parameter isStreamEnded: whether the server has ended the stream.
  private func end(_ failure: CallFailure?, isStreamEnded: Bool = false) {
    if hasEnded { return }
    hasEnded = true
    timer?.cancel()
    timer = nil
    // A stream that both sides have ended closes by itself. To close it here would send a reset for
    // each call, of which servers take a limited number.
    if !(isStreamEnded && isWritten) { channel?.close(promise: nil) }
    channel = nil
    complete(failure)
  }

  func channelActive(context: ChannelHandlerContext) {
    if hasEnded { return context.close(promise: nil) }
    channel = context.channel
    isSent = true
    context.write(wrapOutboundOut(.headers(.init(headers: request.headers))), promise: nil)
    // The sender may use the memory again as soon as nobody else holds it.
    let body = request.body.take() ?? ByteBuffer()
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenSuccess { self.isWritten = true }
    context.writeAndFlush(
      wrapOutboundOut(.data(.init(data: .byteBuffer(body), endStream: true))), promise: written)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if hasEnded { return }
    switch unwrapInboundIn(data) {
    case .headers(let frame): read(frame.headers, isLast: frame.endStream)
    case .data(let frame):
      if case .byteBuffer(let buffer) = frame.data { read(buffer) }
      if frame.endStream { end(.refused(Self.withoutStatus), isStreamEnded: true) }
    case .rstStream(let code): end(.lost(NIOHTTP2Errors.streamClosed(streamID: 0, errorCode: code)))
    default: break
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(isSent ? .lost(connection.failure) : .notSent(connection.failure))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(isSent ? .lost(error) : .notSent(error))
    context.close(promise: nil)
  }

  private func read(_ headers: HPACKHeaders, isLast: Bool) {
    if !hasHeaders {
      hasHeaders = true
      if let failure = Self.failure(ofFirst: headers) { return end(failure) }
    }
    guard isLast else { return }
    let status = GRPCStatus(
      number: headers.first(name: "grpc-status"), message: headers.first(name: "grpc-message"))
    guard let status else { return end(.refused(Self.withoutStatus), isStreamEnded: true) }
    if status.code == .ok {
      end(reader.isInMessage ? .lost(ChannelError.eof) : nil, isStreamEnded: true)
    } else {
      end(.refused(KServeError(status)), isStreamEnded: true)
    }
  }

  private func read(_ frame: ByteBuffer) {
    var buffer = frame
    do throws(GRPCAnswerMemory.TooLong) {
      while let message = try reader.next(from: &buffer, in: &memory) {
        if message.isCompressed {
          return end(
            .refused(
              KServeError(
                .internal, "the server compressed its answer, which it was not asked to do")))
        }
        receive(message.bytes)
      }
    } catch {
      end(.tooLong(byteCount: error.byteCount))
    }
  }

  private static let withoutStatus = KServeError(
    .unknown,
    "the answer ended without a gRPC status; something other than a gRPC server may listen "
      + "there")

  /// What the first headers of an answer tell that does not come from a gRPC server.
  private static func failure(ofFirst headers: HPACKHeaders) -> CallFailure? {
    if headers.contains(name: "grpc-status") { return nil }
    let status = headers.first(name: ":status").flatMap { Int($0) } ?? 0
    switch status {
    case 200: return nil
    // What servers say of a path or a method that only gRPC has.
    case 400, 404, 405, 415: return .lost(PeerMismatch(spoken: .http1))
    default:
      let place = headers.first(name: "location").map { ", which names \($0)" } ?? ""
      return .refused(
        KServeError(
          (300..<400).contains(status) ? .unavailable : KServeError.Code(httpStatus: status),
          "the answer is one of HTTP with status \(status)\(place) and not of gRPC; it may come from "
            + "a gateway before the server"))
    }
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
