import KServeProtocol
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One call: a stream of HTTP/2, from the method's name in its headers to the status in its trailers.
final class GRPCCall: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload
  private typealias State = ServerCallState<GRPCRequestReader.Message, GRPCMethods.Response>

  /// Fewer bytes that nobody takes do no harm before the connection counts as idle.
  private static let watchedBytes = 16 << 10

  private let methods: GRPCMethods
  private let connection: GRPCConnection
  private var state = State()
  private var reader: GRPCRequestReader
  private var method: GRPCMethods.Method?
  private var deadline: Scheduled<Void>?
  private let cancellations = CancellationGroup()
  /// Where the requests of a stream wait for those before them.
  private var turns: AsyncStream<@Sendable () -> Void>.Continuation?
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
    if state.hasEnded { return }
    switch unwrapInboundIn(data) {
    case .headers(let frame):
      if state.awaitsHeaders { begin(frame.headers, context: context) }
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
    func refuse(_ code: GRPCStatus.Code, _ message: String) {
      perform(state.failed(GRPCStatus(code, message)), context: context)
    }
    guard first(":method") == "POST", first("content-type").hasPrefix("application/grpc") else {
      let answer = HPACKHeaders([(":status", "415"), ("content-length", "0")])
      state.abandon()
      context.writeAndFlush(
        wrapOutboundOut(.headers(.init(headers: answer, endStream: true))), promise: nil)
      return
    }
    let encoding = first("grpc-encoding")
    let path = first(":path")
    guard let method = methods[path] else {
      return refuse(.unimplemented, "the method '\(path.prefix(200))' is not known")
    }
    guard ["", "identity", "gzip", "deflate"].contains(encoding) else {
      return refuse(
        .unimplemented, "the encoding '\(encoding.prefix(64))' is not known; send gzip or identity")
    }
    if connection.activity.isReserve, path.hasSuffix("Infer") {
      return refuse(
        .unavailable, "all connections that this server takes are at work; try again later")
    }
    self.method = method
    state.receivedHeaders(of: method.kind)
    if let limit = GRPCTimeout.amount(first("grpc-timeout")) {
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      deadline = context.eventLoop.scheduleTask(in: limit) {
        let (call, context) = bound.value
        let status = GRPCStatus(.deadlineExceeded, "Deadline Exceeded")
        call.perform(call.state.failed(status), context: context)
      }
    }
  }

  private func perform(_ actions: [State.Action], context: ChannelHandlerContext) {
    for action in actions {
      switch action {
      case .take(let message): take(message, context: context)
      case .expand(let message): expand(message, context: context)
      case .send(let response, let isFirst):
        write(response, isFirst: isFirst, context: context)
      case .end(let status, let isAlone): end(status, isAlone: isAlone, context: context)
      }
    }
  }

  // MARK: Requests

  private func receive(_ frame: ByteBuffer, context: ChannelHandlerContext) {
    var buffer = frame
    do throws(KServeError) {
      while !state.hasEnded, let message = try reader.next(from: &buffer) {
        let actions = state.received(message, isCompressed: message.isCompressed)
        perform(actions, context: context)
      }
    } catch {
      perform(state.failed(GRPCStatus(error)), context: context)
    }
  }

  private func endInput(context: ChannelHandlerContext) {
    perform(state.receivedEnd(isCut: reader.isInMessage), context: context)
  }

  /// Has a message expanded by the worker threads.
  private func expand(_ message: GRPCRequestReader.Message, context: ChannelHandlerContext) {
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

  private func expanded(
    _ result: Result<TensorBytes, KServeError>, _ memory: MemoryBudget.Lease,
    context: ChannelHandlerContext
  ) {
    connection.ended()
    switch result {
    case .success(let bytes):
      let message = GRPCRequestReader.Message(bytes: bytes, isCompressed: false, memory: memory)
      perform(state.expanded(message), context: context)
    case .failure(let error): perform(state.failed(GRPCStatus(error)), context: context)
    }
  }

  /// Hands a request on to the method.
  private func take(_ request: GRPCRequestReader.Message, context: ChannelHandlerContext) {
    guard let method else { return }
    let eventLoop = context.eventLoop
    let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
    let cancellation = cancellations.make()
    let caller = GRPCMethods.Caller(
      cancellation: cancellation, limit: connection.limit, client: connection.client)
    let (bytes, memory) = (request.bytes, request.memory)
    connection.began()
    switch method {
    case .unary(let body):
      body(bytes, caller) { result in
        eventLoop.execute {
          let (call, context) = bound.value
          call.connection.ended()
          switch result {
          case .success(let response):
            call.perform(call.state.responded(response), context: context)
          case .failure(let error):
            call.perform(call.state.failed(GRPCStatus(error)), context: context)
          }
          withExtendedLifetime(memory) {}
        }
      }
    case .stream(let body):
      inTurn { [cancellations] in
        body(bytes, caller) { response in
          eventLoop.execute {
            let (call, context) = bound.value
            call.send(response, context: context)
          }
        } _: {
          cancellations.remove(cancellation)
          eventLoop.execute {
            let (call, context) = bound.value
            call.connection.ended()
            call.perform(call.state.finishedRequest(), context: context)
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

  // MARK: Answers

  /// Writes a response; what it takes of the connection's limit is given back when it has gone.
  private func write(
    _ response: GRPCMethods.Response, isFirst: Bool, context: ChannelHandlerContext
  ) {
    if isFirst {
      let headers = HPACKHeaders(Self.headers)
      context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
    }
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

  private static let headers = [(":status", "200"), ("content-type", "application/grpc")]

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
    if state.hasEnded { return }
    perform(state.responded(response), context: context)
    context.flush()
    guard unsent > Self.watchedBytes, connection.unsent.value > connection.bytesInFlight else {
      return watch(context: context)
    }
    let error = KServeError(
      .resourceExhausted,
      "the client has not read \(connection.unsent.value) bytes of its connection's responses, "
        + "which is more than this server keeps for it; read them as they come")
    perform(state.failed(GRPCStatus(error)), context: context)
  }

  // MARK: Ends

  private func end(_ status: GRPCStatus, isAlone: Bool, context: ChannelHandlerContext) {
    release()
    let trailers = HPACKHeaders((isAlone ? Self.headers : []) + status.trailers)
    context.writeAndFlush(
      wrapOutboundOut(.headers(.init(headers: trailers, endStream: true))), promise: nil)
    watch(context: context)
    if status.code != .ok { cancellations.cancel() }
  }

  /// Nobody waits for an answer any more.
  private func abandon() {
    state.abandon()
    release()
    stall?.cancel()
    cancellations.cancel()
  }

  /// Lets go of what is only used until the status is known.
  private func release() {
    deadline?.cancel()
    turns?.finish()
    reader.drop()
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
