import KServeProtocol
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One call: a stream of HTTP/2, from the method's name in its headers to the status in its trailers.
final class GRPCCall: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  /// Fewer bytes that nobody takes do no harm before the connection counts as idle.
  private static let watchedBytes = 16 << 10

  private let methods: GRPCMethods
  private let connection: GRPCConnection
  private var reader: GRPCRequestReader
  private var method: GRPCMethods.Method?
  private var deadline: Scheduled<Void>?
  private let cancellations = CancellationGroup()
  /// Messages that wait for one before them to be expanded.
  private var backlog: [GRPCRequestReader.Message] = []
  private var isExpanding = false
  /// The requests that were handed on.
  private var requests = 0
  /// Those of them that have not ended.
  private var active = 0
  /// Where the requests of a stream wait for those before them.
  private var turns: AsyncStream<@Sendable () -> Void>.Continuation?
  private var hasInputEnded = false
  private var hasSentHeaders = false
  private var hasEnded = false
  /// The bytes that the client has not taken yet.
  private var unsent = 0
  /// Closes the connection if the client does not read.
  private var stall: Scheduled<Void>?

  init(methods: GRPCMethods, connection: GRPCConnection) {
    self.methods = methods
    self.connection = connection
    reader = GRPCRequestReader(
      maxMessageBytes: connection.maxMessageBytes, budget: connection.inference.budget)
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
    let encoding = first("grpc-encoding")
    let path = first(":path")
    guard let method = methods[path] else {
      return end(
        GRPCStatus(.unimplemented, "the method '\(path.prefix(200))' is not known"),
        context: context)
    }
    guard ["", "identity", "gzip", "deflate"].contains(encoding) else {
      return end(
        GRPCStatus(
          .unimplemented,
          "the encoding '\(encoding.prefix(64))' is not known; send gzip or identity"),
        context: context)
    }
    if connection.activity.isReserve, path.hasSuffix("Infer") {
      return end(
        GRPCStatus(
          KServeError(
            .unavailable, "all connections that this server takes are at work; try again later")),
        context: context)
    }
    self.method = method
    if let limit = GRPCTimeout.amount(first("grpc-timeout")) {
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      deadline = context.eventLoop.scheduleTask(in: limit) {
        let (call, context) = bound.value
        call.end(GRPCStatus(.deadlineExceeded, "Deadline Exceeded"), context: context)
      }
    }
  }

  // MARK: Requests

  private func receive(_ frame: ByteBuffer, context: ChannelHandlerContext) {
    var buffer = frame
    do throws(KServeError) {
      while !hasEnded, let message = try reader.next(from: &buffer) {
        if isExpanding || message.isCompressed {
          backlog.append(message)
          expandNext(context: context)
        } else {
          hand(message.bytes, message.memory, context: context)
        }
      }
    } catch {
      end(GRPCStatus(error), context: context)
    }
  }

  /// Hands on the messages that wait, up to one that is to be expanded, which the worker threads do.
  private func expandNext(context: ChannelHandlerContext) {
    while !isExpanding, !hasEnded, !backlog.isEmpty {
      let message = backlog.removeFirst()
      guard message.isCompressed else {
        hand(message.bytes, message.memory, context: context)
        continue
      }
      isExpanding = true
      connection.began()
      let eventLoop = context.eventLoop
      let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
      let cancellation = cancellations.make()
      let limit = connection.maxMessageBytes
      connection.inference.workers.run { [cancellations] in
        let result = Result { () throws(KServeError) in
          try ContentDecoding.inflate(
            message.bytes, headerLength: 0, limit: limit, lease: message.memory,
            cancellation: cancellation)
        }
        cancellations.remove(cancellation)
        eventLoop.execute {
          let (call, context) = bound.value
          call.expanded(result, message.memory, context: context)
        }
      }
    }
    if hasInputEnded, !isExpanding, backlog.isEmpty { finishInput(context: context) }
  }

  private func expanded(
    _ result: Result<TensorBytes, KServeError>, _ memory: MemoryBudget.Lease,
    context: ChannelHandlerContext
  ) {
    isExpanding = false
    connection.ended()
    switch result {
    case .success(let bytes):
      if !hasEnded { hand(bytes, memory, context: context) }
    case .failure(let error): end(GRPCStatus(error), context: context)
    }
    expandNext(context: context)
  }

  private func hand(
    _ request: TensorBytes, _ memory: MemoryBudget.Lease, context: ChannelHandlerContext
  ) {
    guard let method else { return }
    let eventLoop = context.eventLoop
    let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
    let cancellation = cancellations.make()
    let caller = GRPCMethods.Caller(
      cancellation: cancellation, limit: connection.limit, client: connection.client)
    requests += 1
    active += 1
    switch method {
    case .unary(let body):
      guard requests == 1 else {
        return end(
          GRPCStatus(.internal, "a call of this method has one request"), context: context)
      }
      connection.began()
      body(request, caller) { result in
        eventLoop.execute {
          let (call, context) = bound.value
          call.connection.ended()
          switch result {
          case .success(let response): call.finish(with: response, context: context)
          case .failure(let error): call.end(GRPCStatus(error), context: context)
          }
          withExtendedLifetime(memory) {}
        }
      }
    case .stream(let body):
      connection.began()
      inTurn { [cancellations] in
        body(request, caller) { response in
          eventLoop.execute {
            let (call, context) = bound.value
            call.send(response, context: context)
          }
        } _: {
          cancellations.remove(cancellation)
          eventLoop.execute {
            let (call, context) = bound.value
            call.connection.ended()
            call.active -= 1
            call.endIfDone(context: context)
            withExtendedLifetime(memory) {}
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
    if hasEnded || isExpanding || !backlog.isEmpty { return }
    finishInput(context: context)
  }

  private func finishInput(context: ChannelHandlerContext) {
    turns?.finish()
    if hasEnded { return }
    if reader.isInMessage {
      end(GRPCStatus(.internal, "the request is cut off"), context: context)
    } else if case .unary = method, requests == 0 {
      end(GRPCStatus(.internal, "the call has no request"), context: context)
    } else {
      endIfDone(context: context)
    }
  }

  private func endIfDone(context: ChannelHandlerContext) {
    guard case .stream = method, hasInputEnded, !isExpanding, backlog.isEmpty, active == 0 else {
      return
    }
    end(.ok, context: context)
  }

  // MARK: Answers

  private func writeHeaders(context: ChannelHandlerContext) {
    if hasSentHeaders { return }
    hasSentHeaders = true
    let headers = HPACKHeaders([(":status", "200"), ("content-type", "application/grpc")])
    context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
  }

  /// Writes a response; what it takes of the connection's limit is given back when it has gone.
  private func write(_ response: GRPCMethods.Response, context: ChannelHandlerContext) {
    let count = response.message.readableBytes
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let lease = response.lease
    unsent += count
    connection.unsent.value += count
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.whenComplete { _ in
      let call = bound.value.0
      call.unsent -= count
      call.connection.unsent.value -= count
      if call.unsent == 0, call.stall != nil {
        call.stall?.cancel()
        call.stall = nil
      }
      withExtendedLifetime(lease) {}
    }
    context.write(
      wrapOutboundOut(.data(.init(data: .byteBuffer(response.message)))), promise: promise)
  }

  /// Closes the connection if its client does not take what was written in reasonable time.
  private func watch(context: ChannelHandlerContext) {
    guard unsent > Self.watchedBytes, stall == nil, let connection = context.channel.parent else {
      return
    }
    let time = self.connection.activity.timeouts.reading(unsent)
    stall = context.eventLoop.scheduleTask(in: time) { connection.close(promise: nil) }
  }

  /// Sends one of several responses.
  private func send(_ response: GRPCMethods.Response, context: ChannelHandlerContext) {
    if hasEnded { return }
    writeHeaders(context: context)
    write(response, context: context)
    context.flush()
    guard unsent > Self.watchedBytes, connection.unsent.value > connection.bytesInFlight else {
      return watch(context: context)
    }
    end(
      GRPCStatus(
        KServeError(
          .resourceExhausted,
          "the client has not read \(connection.unsent.value) bytes of its connection's responses, "
            + "which is more than this server keeps for it; read them as they come")),
      context: context)
  }

  /// Sends the only response and ends the call.
  private func finish(with response: GRPCMethods.Response, context: ChannelHandlerContext) {
    if hasEnded { return }
    writeHeaders(context: context)
    write(response, context: context)
    end(.ok, context: context)
  }

  private func end(_ status: GRPCStatus, context: ChannelHandlerContext) {
    if hasEnded { return }
    hasEnded = true
    deadline?.cancel()
    reader.drop()
    backlog = []
    // A status without a response comes in the headers.
    let lead =
      hasSentHeaders ? [] : [(":status", "200"), ("content-type", "application/grpc")]
    let trailers = HPACKHeaders(lead + status.trailers)
    context.writeAndFlush(
      wrapOutboundOut(.headers(.init(headers: trailers, endStream: true))), promise: nil)
    watch(context: context)
    if status.code != .ok {
      turns?.finish()
      cancellations.cancel()
    }
  }

  /// Nobody waits for an answer any more.
  private func abandon() {
    hasEnded = true
    turns?.finish()
    deadline?.cancel()
    stall?.cancel()
    reader.drop()
    backlog = []
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
