import NIOCore
import NIOHTTP1

/// One client's connection: collects requests, has them answered one after the other, and tells the
/// one at work when the client has gone.
final class HTTPConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  typealias Responder = @Sendable (HTTPRequest) async -> HTTPResponse

  /// Asks a connection to close as soon as nothing is at work on it.
  struct ShouldClose: Sendable {}

  /// A request that is being received.
  private struct Incoming {
    var head: HTTPRequestHead
    /// Bytes dropped because the body is too long.
    var isTooLong = false
  }

  /// Requests that wait for the answers to earlier ones on the connection.
  private static let pipelineLimit = 16

  private let respond: Responder
  private let maxRequestBytes: Int
  private var body = HTTPBodyBuffer()
  private var received = 0
  private var incoming: Incoming?
  private var pipeline: [(request: HTTPRequest, keepsAlive: Bool)] = []
  private var current: RequestCancellation?
  private var isClosing = false

  init(maxRequestBytes: Int, respond: @escaping Responder) {
    self.maxRequestBytes = maxRequestBytes
    self.respond = respond
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head, context: context)
    case .body(let buffer): collect(buffer)
    case .end: end(context: context)
    }
  }

  private func begin(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
    let expected = head.headers.first(name: "content-length").flatMap { Int($0) }
    var incoming = Incoming(head: head)
    received = 0
    if let expected, expected > maxRequestBytes {
      incoming.isTooLong = true
    } else if expected != 0, expected != nil || head.headers.contains(name: "transfer-encoding") {
      let header = head.headers.first(name: "inference-header-content-length").flatMap { Int($0) }
      body.begin(expected: expected, headerLength: max(header ?? 0, 0))
    }
    self.incoming = incoming
    if head.headers.first(name: "expect")?.lowercased() == "100-continue", !incoming.isTooLong {
      let interim = HTTPResponseHead(version: head.version, status: .continue)
      context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
    }
  }

  private func collect(_ buffer: ByteBuffer) {
    guard incoming?.isTooLong == false else { return }
    received += buffer.readableBytes
    if received > maxRequestBytes {
      incoming?.isTooLong = true
      _ = body.end()
    } else {
      body.append(buffer)
    }
  }

  private func end(context: ChannelHandlerContext) {
    guard let incoming else { return }
    self.incoming = nil
    let keepsAlive = incoming.head.isKeepAlive
    if incoming.isTooLong {
      // The whole body was read and dropped: a client in the middle of sending would not look at an
      // answer.
      let response = HTTPResponse.error(
        status: .payloadTooLarge,
        "the request's body is longer than the \(maxRequestBytes) bytes that this server takes")
      write(response, keepsAlive: keepsAlive, context: context)
      return
    }
    let request = HTTPRequest(
      method: incoming.head.method, uri: incoming.head.uri, headers: incoming.head.headers,
      body: body.end(), cancellation: RequestCancellation())
    if current == nil {
      start(request, keepsAlive: keepsAlive, context: context)
    } else if pipeline.count < Self.pipelineLimit {
      pipeline.append((request, keepsAlive))
    } else {
      context.close(promise: nil)
    }
  }

  private func start(_ request: HTTPRequest, keepsAlive: Bool, context: ChannelHandlerContext) {
    current = request.cancellation
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    Task { [respond] in
      let response = await respond(request)
      eventLoop.execute {
        let (connection, context) = bound.value
        connection.finish(response, keepsAlive: keepsAlive, context: context)
      }
    }
  }

  private func finish(
    _ response: HTTPResponse, keepsAlive: Bool, context: ChannelHandlerContext
  ) {
    current = nil
    guard context.channel.isActive else { return }
    write(response, keepsAlive: keepsAlive, context: context)
    if keepsAlive, !isClosing, !pipeline.isEmpty {
      let next = pipeline.removeFirst()
      start(next.request, keepsAlive: next.keepsAlive, context: context)
    }
  }

  private func write(
    _ response: HTTPResponse, keepsAlive: Bool, context: ChannelHandlerContext
  ) {
    let keepsAlive = keepsAlive && !isClosing
    var headers = HTTPHeaders()
    headers.reserveCapacity(response.headers.count + 2)
    for (name, value) in response.headers { headers.add(name: name, value: value) }
    headers.add(name: "Content-Length", value: String(response.byteCount))
    if !keepsAlive { headers.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(version: .http1_1, status: response.status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    for part in response.body {
      context.write(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
    }
    if keepsAlive {
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    } else {
      let channel = context.channel
      context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
        channel.close(promise: nil)
      }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    current?.cancel()
    current = nil
    pipeline.removeAll()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ShouldClose {
      isClosing = true
      if current == nil, incoming == nil { context.close(promise: nil) }
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error is HTTPParserError, current == nil, context.channel.isActive {
      isClosing = true
      write(
        .error(status: .badRequest, "the request is not valid HTTP/1.1"), keepsAlive: false,
        context: context)
    } else {
      context.close(promise: nil)
    }
  }
}
