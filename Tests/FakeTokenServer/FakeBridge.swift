import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import NIOWebSocket
import Synchronization

/// A server whose bytes come through web sockets, over TLS with the certificate of ``TestCertificates``, as
/// Google's bridge is: messages of text in which each byte is two digits. Behind it is an echo, or a server
/// on a port of this machine.
package final class FakeBridge: Sendable {
  /// What it does; all can be changed while it runs.
  package struct Manners: Sendable {
    /// The status for a request with this `Authorization`, whose number is 1 for the first; 101 for a web
    /// socket.
    package var status: @Sendable (String?, Int) -> Int = { _, _ in 101 }
    /// Whether pings are answered.
    package var answersPings = true
    /// Whether it says nothing at all to requests.
    package var isMute = false
    /// After so many bytes of a client the web socket ends: with ``closeCode``, or without a word.
    package var endsAfter: Int?
    package var closeCode: UInt16?
    /// Bytes in one frame; messages that are longer come in several.
    package var longestFrame = 1 << 16
    /// The port of the server behind it; `nil` for an echo.
    package var port: Int?
  }

  fileprivate final class Book: Sendable {
    let manners = Mutex(Manners())
    let requests = Mutex<[(path: String, authorization: String)]>([])
    let received = Mutex<(bytes: Int, pings: Int, pongs: Int)>((0, 0, 0))
    let channels = Mutex<[any Channel]>([])
  }

  private let book: Book
  private let channel: any Channel
  package let port: Int

  package init() async throws {
    let book = Book()
    self.book = book
    let security = try FakeTokenServer.security(["http/1.1"])
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: security))
          let answer = BridgeAnswer(book)
          let answerLoop = NIOLoopBound(answer, eventLoop: channel.eventLoop)
          let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: 1 << 20,
            shouldUpgrade: { channel, head in
              channel.eventLoop.makeSucceededFuture(
                answerLoop.value.decide(head) ? HTTPHeaders() : nil)
            },
            upgradePipelineHandler: { channel, _ in
              channel.pipeline.syncOperations.removeHandler(answerLoop.value).flatMap {
                Self.begin(channel, book)
              }
            })
          try pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }),
            withErrorHandling: false)
          try pipeline.addHandler(answer)
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  private static func begin(_ channel: any Channel, _ book: Book) -> EventLoopFuture<Void> {
    book.channels.withLock { $0.append(channel) }
    let passage = BridgePassage(book)
    let bound = NIOLoopBound(passage, eventLoop: channel.eventLoop)
    guard let port = book.manners.withLock({ $0.port }) else {
      return channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(bound.value)
      }
    }
    return ClientBootstrap(group: channel.eventLoop)
      .channelInitializer { server in
        server.eventLoop.makeCompletedFuture {
          try server.pipeline.syncOperations.addHandler(BridgeWayBack(bound.value))
        }
      }
      .connect(host: "127.0.0.1", port: port)
      .flatMapThrowing { server in
        bound.value.server = server
        try channel.pipeline.syncOperations.addHandler(bound.value)
      }
  }

  /// The paths that were asked for, with their `Authorization`.
  package var requests: [(path: String, authorization: String)] { book.requests.withLock { $0 } }

  /// How many bytes came, and how many pings and answers to them.
  package var received: (bytes: Int, pings: Int, pongs: Int) { book.received.withLock { $0 } }

  package func change(_ change: (inout Manners) -> Void) { book.manners.withLock { change(&$0) } }

  /// Whether it reads what clients send.
  package func setReading(_ isReading: Bool) async throws {
    for channel in book.channels.withLock({ $0 }) where channel.isActive {
      try await channel.setOption(.autoRead, value: isReading).get()
      if isReading { channel.read() }
    }
  }

  /// Sends bytes to the newest client, as far as it takes them; how many were sent.
  package func push(_ byteCount: Int) async throws -> Int {
    guard let channel = book.channels.withLock({ $0.last }) else { return 0 }
    return try await channel.eventLoop.submit {
      let piece = ByteBuffer(repeating: UInt8(ascii: "a"), count: 1 << 15)
      var sent = 0
      while sent < byteCount, channel.isWritable {
        let frame = WebSocketFrame(fin: true, opcode: .text, data: piece)
        channel.pipeline.syncOperations.writeAndFlush(NIOAny(frame), promise: nil)
        sent += piece.readableBytes / 2
      }
      return sent
    }.get()
  }

  /// Sends a frame to the newest client.
  package func send(_ opcode: WebSocketOpcode, _ text: String, fin: Bool = true) async throws {
    guard let channel = book.channels.withLock({ $0.last }) else { return }
    try await channel.eventLoop.flatSubmit {
      let frame = WebSocketFrame(fin: fin, opcode: opcode, data: ByteBuffer(string: text))
      return channel.writeAndFlush(frame)
    }.get()
  }

  /// Cuts all web sockets without a word.
  package func cut() async {
    for channel in book.channels.withLock({ $0 }) { try? await channel.close() }
  }

  package func stop() async {
    await cut()
    try? await channel.close()
  }
}

/// Answers requests that get no web socket.
private final class BridgeAnswer: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let book: FakeBridge.Book
  private var status = 404

  init(_ book: FakeBridge.Book) { self.book = book }

  /// Whether a request gets a web socket.
  func decide(_ head: HTTPRequestHead) -> Bool {
    let authorization = head.headers.first(name: "authorization")
    let count = book.requests.withLock { list in
      list.append((head.uri, authorization ?? ""))
      return list.count
    }
    let manners = book.manners.withLock { $0 }
    status = manners.status(authorization, count)
    return status == 101 && !manners.isMute
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data), !book.manners.withLock({ $0.isMute }) else { return }
    let head = HTTPResponseHead(
      version: .http1_1, status: .init(statusCode: status), headers: ["Content-Length": "0"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // That a request gets no web socket is told as an error, too.
    if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
  }
}

/// Passes the bytes of a web socket to the server behind it, or back.
private final class BridgePassage: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private let book: FakeBridge.Book
  var server: (any Channel)?
  private var context: ChannelHandlerContext?
  private var count = 0

  init(_ book: FakeBridge.Book) { self.book = book }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    let manners = book.manners.withLock { $0 }
    switch frame.opcode {
    case .text:
      let bytes = Digits.bytes(frame.unmaskedData)
      count += bytes.count
      book.received.withLock { $0.bytes += bytes.count }
      if let server { server.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
      if server == nil { send(ByteBuffer(bytes: bytes)) }
      if let end = manners.endsAfter, count >= end { finish(context, manners.closeCode) }
    case .ping:
      book.received.withLock { $0.pings += 1 }
      if manners.answersPings {
        let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
        context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
      }
    case .pong: book.received.withLock { $0.pongs += 1 }
    case .connectionClose:
      let answer = WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)
      context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
      context.close(promise: nil)
    default: break
    }
  }

  private func finish(_ context: ChannelHandlerContext, _ code: UInt16?) {
    guard let code else { return context.close(promise: nil) }
    var data = ByteBuffer(integer: code)
    data.writeString("no more")
    let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }

  /// Sends bytes as a message, in as many frames as it needs.
  func send(_ bytes: ByteBuffer) {
    guard let context else { return }
    let longest = book.manners.withLock { $0.longestFrame }
    var digits = Digits.text(bytes)
    var isFirst = true
    repeat {
      let piece = digits.readSlice(length: min(longest, digits.readableBytes)) ?? ByteBuffer()
      let frame = WebSocketFrame(
        fin: digits.readableBytes == 0, opcode: isFirst ? .text : .continuation, data: piece)
      context.write(wrapOutboundOut(frame), promise: nil)
      isFirst = false
    } while digits.readableBytes > 0
    context.flush()
  }

  func channelInactive(context: ChannelHandlerContext) {
    server?.close(promise: nil)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func end() { context?.close(promise: nil) }
}

/// Passes a server's bytes to the web socket.
private final class BridgeWayBack: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let passage: BridgePassage

  init(_ passage: BridgePassage) { self.passage = passage }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    passage.send(unwrapInboundIn(data))
  }

  func channelInactive(context: ChannelHandlerContext) {
    passage.end()
    context.fireChannelInactive()
  }
}

/// Bytes as two hexadecimal digits each.
private enum Digits {
  static func bytes(_ text: ByteBuffer) -> [UInt8] {
    text.withUnsafeReadableBytes { text in
      func value(_ digit: UInt8) -> UInt8 { digit < 58 ? digit &- 48 : digit &- 87 }
      return [UInt8](unsafeUninitializedCapacity: text.count / 2) { bytes, count in
        count = text.count / 2
        for index in 0..<count {
          bytes[index] = value(text[2 * index]) << 4 | value(text[2 * index + 1])
        }
      }
    }
  }

  static func text(_ bytes: ByteBuffer) -> ByteBuffer {
    bytes.withUnsafeReadableBytes { bytes in
      func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 48 : value + 87 }
      return ByteBuffer(
        bytes: [UInt8](unsafeUninitializedCapacity: 2 * bytes.count) { text, count in
          count = 2 * bytes.count
          for index in 0..<bytes.count {
            text[2 * index] = digit(bytes[index] >> 4)
            text[2 * index + 1] = digit(bytes[index] & 15)
          }
        })
    }
  }
}
