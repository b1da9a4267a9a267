import KServeProtocol
import NIOCore
import NIOHTTP1

/// One client's connection: collects a request, has it answered, and tells the one at work when the
/// client has gone.
///
/// NIO's pipeline handler before it hands over one request at a time and stops reading meanwhile, so
/// that answers come in the order of their requests, and a client that sends many waits.
final class HTTPConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  /// Answers a request, at once or later, on any thread.
  typealias Responder =
    @Sendable (HTTPRequest, _ answer: @escaping @Sendable (HTTPResponse) -> Void) -> Void

  /// Asks a connection to close as soon as nothing is at work on it.
  struct ShouldClose: Sendable {}
  /// Tells a connection that its client has sent nothing for too long.
  struct TimedOut: Sendable {}

  /// A request whose head is here.
  private struct Incoming {
    var head: HTTPRequestHead
    var accepted: HTTPRequestRules.Accepted
  }

  private enum State {
    /// Between requests.
    case idle
    case receiving(Incoming)
    /// The body is read and dropped, then the answer is sent: a client in the middle of sending would
    /// not look at one.
    case dropping(Incoming, HTTPResponse)
    case responding(HTTPRequestHead, RequestCancellation)
    /// The answer does not fit the connection's buffers; its client is slow.
    case sending(keepsAlive: Bool)
    /// The last answer was sent; what the client still sends is dropped.
    case closing
  }

  /// How long a client may send after the last answer was sent.
  private static let lingering = TimeAmount.seconds(2)

  private let respond: Responder
  private let maxRequestBytes: Int
  private let activity: ConnectionActivity
  private let client: ClientIdentity
  private var body: HTTPBodyBuffer
  private var received = 0
  private var state = State.idle
  private var isEnding = false
  /// Closes the connection if the client does not read.
  private var stall: Scheduled<Void>?
  /// What the answer takes that is being sent.
  private var lease: InFlightLimit.Lease?

  init(
    maxRequestBytes: Int, budget: MemoryBudget, activity: ConnectionActivity,
    client: ClientIdentity, respond: @escaping Responder
  ) {
    self.respond = respond
    self.maxRequestBytes = maxRequestBytes
    self.activity = activity
    self.client = client
    body = HTTPBodyBuffer(budget: budget)
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head, context: context)
    case .body(let buffer): collect(buffer)
    // Fields that trail the body mean nothing here.
    case .end: end(context: context)
    }
  }

  private func begin(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
    guard case .idle = state else { return }
    activity.enter(.receiving)
    let accepted: HTTPRequestRules.Accepted
    do throws(HTTPRequestRules.Refusal) {
      accepted = try HTTPRequestRules.check(head)
    } catch {
      return refuse(error, context: context)
    }
    let expected = head.headers.first(name: "content-length").flatMap { Int($0) }
    let incoming = Incoming(head: head, accepted: accepted)
    received = 0
    if let expected, expected > maxRequestBytes {
      // A client that asks first is told at once, and does not send the body.
      if accepted.waitsForContinue {
        return refuse(.init(.payloadTooLarge, tooLong), context: context)
      }
      state = .dropping(incoming, .error(status: .payloadTooLarge, tooLong))
      return
    }
    if expected != 0, expected != nil || head.headers.contains(name: "transfer-encoding") {
      let header = head.headers.first(name: "inference-header-content-length").flatMap { Int($0) }
      body.begin(expected: expected, headerLength: max(header ?? 0, 0))
    }
    state = .receiving(incoming)
    if accepted.waitsForContinue, expected != 0 {
      let interim = HTTPResponseHead(version: head.version, status: .continue)
      context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
    }
  }

  private var tooLong: String {
    "the request's body is longer than the \(maxRequestBytes) bytes that this server takes"
  }

  private func collect(_ buffer: ByteBuffer) {
    guard case .receiving(let incoming) = state else { return }
    received += buffer.readableBytes
    if received > maxRequestBytes {
      body.drop()
      state = .dropping(incoming, .error(status: .payloadTooLarge, tooLong))
      return
    }
    do throws(KServeError) {
      try body.append(buffer)
    } catch {
      body.drop()
      state = .dropping(incoming, .error(error))
    }
  }

  private func end(context: ChannelHandlerContext) {
    switch state {
    case .receiving(let incoming):
      let (bytes, memory) = body.end()
      let request = HTTPRequest(
        method: incoming.head.method, target: incoming.accepted.target,
        authority: incoming.accepted.authority, headers: incoming.head.headers, body: bytes,
        memory: memory, client: client, cancellation: RequestCancellation())
      state = .responding(incoming.head, request.cancellation)
      activity.enter(.working)
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let eventLoop = context.eventLoop
      respond(request) { response in
        eventLoop.execute {
          let (connection, context) = bound.value
          connection.finish(response, context: context)
        }
      }
    case .dropping(let incoming, let response):
      write(response, to: incoming.head, context: context)
    default: break
    }
  }

  private func finish(_ response: HTTPResponse, context: ChannelHandlerContext) {
    guard case .responding(let head, _) = state else { return }
    write(response, to: head, context: context)
  }

  // MARK: Answers

  /// Answers a request that cannot be gone on with, and closes the connection.
  private func refuse(_ refusal: HTTPRequestRules.Refusal, context: ChannelHandlerContext) {
    var response = HTTPResponse.error(status: refusal.status, refusal.message)
    response.headers += refusal.headers
    writeHead(response, version: .http1_1, keepsAlive: false, hasBody: true, context: context)
    close(afterBytes: response.byteCount, lingers: true, context: context)
  }

  private func write(
    _ response: HTTPResponse, to head: HTTPRequestHead, context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    lease = response.lease
    let keepsAlive = head.isKeepAlive && !isEnding
    writeHead(
      response, version: head.version, keepsAlive: keepsAlive, hasBody: head.method != .HEAD,
      context: context)
    let byteCount = response.byteCount
    if !keepsAlive { return close(afterBytes: byteCount, lingers: false, context: context) }
    context.flush()
    guard !context.channel.isWritable else { return writeEnd(context: context) }
    // The next request is not looked at before this answer has gone.
    state = .sending(keepsAlive: true)
    watch(byteCount, context: context)
  }

  private func writeHead(
    _ response: HTTPResponse, version: HTTPVersion, keepsAlive: Bool, hasBody: Bool,
    context: ChannelHandlerContext
  ) {
    var headers = HTTPHeaders()
    headers.reserveCapacity(response.headers.count + 3)
    for (name, value) in response.headers { headers.add(name: name, value: value) }
    if response.status != .noContent {
      headers.add(name: "Content-Length", value: String(response.byteCount))
    }
    headers.add(name: "Date", value: HTTPDate.now)
    if !keepsAlive {
      headers.add(name: "Connection", value: "close")
    } else if version.minor == 0 {
      headers.add(name: "Connection", value: "keep-alive")
    }
    let head = HTTPResponseHead(version: .http1_1, status: response.status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    guard hasBody else { return }
    for part in response.body {
      context.write(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
    }
  }

  private func writeEnd(context: ChannelHandlerContext) {
    stall?.cancel()
    stall = nil
    lease = nil
    state = .idle
    activity.enter(.waiting)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    if isEnding, case .idle = state { context.close(promise: nil) }
  }

  /// Ends the last answer, and closes the connection when it has gone; if the client may still be
  /// sending, not before it has had a while to read, since data that nobody takes would take the answer
  /// away from it, too.
  private func close(afterBytes count: Int, lingers: Bool, context: ChannelHandlerContext) {
    state = .closing
    body.drop()
    watch(count, context: context)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      let (connection, context) = bound.value
      connection.stall?.cancel()
      if !lingers { return context.close(promise: nil) }
      context.close(mode: .output, promise: nil)
      connection.stall = context.eventLoop.scheduleTask(in: Self.lingering) {
        bound.value.1.close(promise: nil)
      }
    }
  }

  /// Closes the connection if its client does not take `count` bytes in reasonable time.
  private func watch(_ count: Int, context: ChannelHandlerContext) {
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    let time = activity.timeouts.reading(count)
    stall = context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if case .sending = state, context.channel.isWritable { writeEnd(context: context) }
    context.fireChannelWritabilityChanged()
  }

  // MARK: Ends

  func channelInactive(context: ChannelHandlerContext) {
    if case .responding(_, let cancellation) = state { cancellation.cancel() }
    state = .closing
    body.drop()
    lease = nil
    stall?.cancel()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ShouldClose:
      isEnding = true
      if case .idle = state { context.close(promise: nil) }
    case is TimedOut:
      switch state {
      case .receiving, .dropping:
        refuse(
          .init(.requestTimeout, "the request's body did not come within the time for it"),
          context: context)
      case .idle: context.close(promise: nil)
      case .responding, .sending, .closing: break
      }
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch state {
    case .closing: break
    case .idle where error is HTTPParserError, .receiving where error is HTTPParserError,
      .dropping where error is HTTPParserError:
      refuse(Self.refusal(of: error as? HTTPParserError), context: context)
    default: context.close(promise: nil)
    }
  }

  private static func refusal(of error: HTTPParserError?) -> HTTPRequestRules.Refusal {
    switch error {
    case .headerOverflow:
      .init(
        .requestHeaderFieldsTooLarge,
        "the request's target and fields are longer than this server takes (64 KiB in all)")
    case .invalidVersion: .init(.httpVersionNotSupported, "this port speaks HTTP/1.1")
    default: .init(.badRequest, "the request is not valid HTTP/1.1")
    }
  }
}
