import KServeProtocol
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One call: a stream of HTTP/2, from the method's name in its headers to the status in its trailers.
final class GRPCCall: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  private let methods: GRPCMethods
  private let maxMessageBytes: Int
  private var reader: GRPCMessageReader
  private var method: GRPCMethods.Method?
  private var encoding = ""
  private var deadline: Scheduled<Void>?
  private let cancellations = CancellationGroup()
  /// The requests that were handed on.
  private var requests = 0
  /// Those of them that have not ended.
  private var active = 0
  /// Where the requests of a stream wait for those before them.
  private var turns: AsyncStream<@Sendable () -> Void>.Continuation?
  private var hasInputEnded = false
  private var hasSentHeaders = false
  private var hasEnded = false

  init(methods: GRPCMethods, maxMessageBytes: Int) {
    self.methods = methods
    self.maxMessageBytes = maxMessageBytes
    reader = GRPCMessageReader(maxMessageBytes: maxMessageBytes)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What follows the status is dropped; the client stops when it has read it.
    if hasEnded { return }
    switch unwrapInboundIn(data) {
    case .headers(let frame):
      if method == nil { begin(frame.headers, context: context) }
      if frame.endStream { endInput(context: context) }
    case .data(let frame):
      if case .byteBuffer(let buffer) = frame.data { receive(buffer, context: context) }
      if frame.endStream { endInput(context: context) }
    case .rstStream: abandon()
    default: break
    }
  }

  private func begin(_ headers: HPACKHeaders, context: ChannelHandlerContext) {
    func first(_ name: String) -> String { headers.first(name: name) ?? "" }
    guard first(":method") == "POST", first("content-type").hasPrefix("application/grpc") else {
      let answer = HPACKHeaders([(":status", "415"), ("content-length", "0")])
      hasEnded = true
      context.writeAndFlush(
        wrapOutboundOut(.headers(.init(headers: answer, endStream: true))), promise: nil)
      return
    }
    encoding = first("grpc-encoding")
    guard let method = methods[first(":path")] else {
      return end(
        .unimplemented("the method '\(first(":path").prefix(200))' is not known"), context: context)
    }
    guard ["", "identity", "gzip", "deflate"].contains(encoding) else {
      return end(
        .unimplemented("the encoding '\(encoding.prefix(64))' is not known; send gzip or identity"),
        context: context)
    }
    self.method = method
    if let limit = Self.timeout(first("grpc-timeout")) {
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      deadline = context.eventLoop.scheduleTask(in: limit) {
        let (call, context) = bound.value
        call.end(GRPCStatus(code: 4, message: "Deadline Exceeded"), context: context)
      }
    }
  }

  /// The time that a client gives a call, as `grpc-timeout` says it: digits and a unit.
  private static func timeout(_ text: String) -> TimeAmount? {
    guard let unit = text.last, let value = Int64(text.dropLast()), value >= 0, value < 100_000_000
    else { return nil }
    switch unit {
    case "H": return .hours(value)
    case "M": return .minutes(value)
    case "S": return .seconds(value)
    case "m": return .milliseconds(value)
    case "u": return .microseconds(value)
    case "n": return .nanoseconds(value)
    default: return nil
    }
  }

  private func receive(_ frame: ByteBuffer, context: ChannelHandlerContext) {
    var buffer = frame
    do throws(KServeError) {
      while !hasEnded, let message = try reader.next(from: &buffer) {
        let bytes =
          message.isCompressed
          ? try ContentDecoding.inflate(message.bytes, headerLength: 0, limit: maxMessageBytes)
          : message.bytes
        hand(bytes, context: context)
      }
    } catch {
      end(GRPCStatus(error), context: context)
    }
  }

  private func hand(_ request: TensorBytes, context: ChannelHandlerContext) {
    guard let method else { return }
    let eventLoop = context.eventLoop
    let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
    let cancellation = cancellations.make()
    requests += 1
    active += 1
    switch method {
    case .unary(let body):
      guard requests == 1 else {
        return end(
          GRPCStatus(code: 13, message: "a call of this method has one request"), context: context)
      }
      body(request, cancellation) { result in
        eventLoop.execute {
          let (call, context) = bound.value
          switch result {
          case .success(let bytes): call.finish(with: bytes, context: context)
          case .failure(let error): call.end(GRPCStatus(error), context: context)
          }
        }
      }
    case .stream(let body):
      inTurn { [cancellations] in
        body(request, cancellation) { bytes in
          eventLoop.execute {
            let (call, context) = bound.value
            call.send(bytes, context: context)
          }
        } _: {
          cancellations.remove(cancellation)
          eventLoop.execute {
            let (call, context) = bound.value
            call.active -= 1
            call.endIfDone(context: context)
          }
        }
      }
    }
  }

  /// Takes the requests of a stream one after the other off the network's thread.
  private func inTurn(_ work: @escaping @Sendable () -> Void) {
    if turns == nil {
      let (stream, source) = AsyncStream<@Sendable () -> Void>.makeStream()
      turns = source
      Task { for await work in stream { work() } }
    }
    turns?.yield(work)
  }

  private func endInput(context: ChannelHandlerContext) {
    hasInputEnded = true
    turns?.finish()
    if hasEnded { return }
    if reader.isInMessage {
      end(GRPCStatus(code: 13, message: "the request is cut off"), context: context)
    } else if case .unary = method, requests == 0 {
      end(GRPCStatus(code: 13, message: "the call has no request"), context: context)
    } else {
      endIfDone(context: context)
    }
  }

  private func endIfDone(context: ChannelHandlerContext) {
    guard case .stream = method, hasInputEnded, active == 0 else { return }
    end(.ok, context: context)
  }

  // MARK: Answers

  private func writeHeaders(context: ChannelHandlerContext) {
    if hasSentHeaders { return }
    hasSentHeaders = true
    let headers = HPACKHeaders([(":status", "200"), ("content-type", "application/grpc")])
    context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
  }

  private func writeMessage(_ bytes: [UInt8], context: ChannelHandlerContext) {
    var buffer = context.channel.allocator.buffer(capacity: bytes.count + 5)
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(clamping: bytes.count))
    buffer.writeBytes(bytes)
    context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(buffer)))), promise: nil)
  }

  /// Sends one of several responses.
  private func send(_ bytes: [UInt8], context: ChannelHandlerContext) {
    if hasEnded { return }
    writeHeaders(context: context)
    writeMessage(bytes, context: context)
    context.flush()
  }

  /// Sends the only response and ends the call.
  private func finish(with bytes: [UInt8], context: ChannelHandlerContext) {
    if hasEnded { return }
    writeHeaders(context: context)
    writeMessage(bytes, context: context)
    end(.ok, context: context)
  }

  private func end(_ status: GRPCStatus, context: ChannelHandlerContext) {
    if hasEnded { return }
    hasEnded = true
    deadline?.cancel()
    // A status without a response comes in the headers.
    let lead =
      hasSentHeaders ? [] : [(":status", "200"), ("content-type", "application/grpc")]
    let trailers = HPACKHeaders(lead + status.trailers)
    context.writeAndFlush(
      wrapOutboundOut(.headers(.init(headers: trailers, endStream: true))), promise: nil)
    if status.code != 0 { cancellations.cancel() }
  }

  /// Nobody waits for an answer any more.
  private func abandon() {
    hasEnded = true
    turns?.finish()
    deadline?.cancel()
    cancellations.cancel()
  }

  func channelInactive(context: ChannelHandlerContext) {
    abandon()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    abandon()
    context.close(promise: nil)
  }
}
