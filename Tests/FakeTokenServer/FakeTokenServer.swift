import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A server that gives tokens for forms, on a port of this machine, over TLS with the certificate of
/// ``TestCertificates`` or in the clear. It keeps what it was asked, and answers as the test says.
package final class FakeTokenServer: Sendable {
  package struct Request: Sendable {
    package var path: String
    /// With names in lower case.
    package var headers: [String: String]
    /// The fields of its form.
    package var form: [String: String]
    package var body: String
  }

  package struct Answer: Sendable {
    package var status: Int
    package var headers: [String: String]
    package var body: String

    package init(_ status: Int, _ body: String, headers: [String: String] = [:]) {
      self.status = status
      self.headers = headers
      self.body = body
    }

    /// A token as OAuth gives it, for so many seconds.
    package static func token(_ value: String, seconds: Double? = 3600) -> Answer {
      let life = seconds.map { ",\"expires_in\":\($0)" } ?? ""
      return Answer(200, "{\"access_token\":\"\(value)\",\"token_type\":\"Bearer\"\(life)}")
    }
  }

  fileprivate final class Book: Sendable {
    let requests = Mutex<[Request]>([])
    let answer: @Sendable (Request, Int) -> Answer

    init(_ answer: @escaping @Sendable (Request, Int) -> Answer) { self.answer = answer }

    func answered(_ request: Request) -> Answer {
      let number = requests.withLock { requests in
        requests.append(request)
        return requests.count
      }
      return answer(request, number)
    }
  }

  private let book: Book
  private let channel: any Channel
  /// Its address, without a path.
  package let address: String

  /// - Parameter answer: what it says to a request, whose number is 1 for the first.
  package init(tls: Bool, answer: @escaping @Sendable (Request, Int) -> Answer) async throws {
    let book = Book(answer)
    self.book = book
    let security = try tls ? Self.security() : nil
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let security { try pipeline.addHandler(NIOSSLServerHandler(context: security)) }
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(Conversation(book))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    address = "\(tls ? "https" : "http")://localhost:\(channel.localAddress?.port ?? 0)"
  }

  static func security(_ protocols: [String] = []) throws -> NIOSSLContext {
    let certificate = try NIOSSLCertificate(
      bytes: Array(TestCertificates.server.utf8), format: .pem)
    let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.serverKey.utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
    configuration.applicationProtocols = protocols
    return try NIOSSLContext(configuration: configuration)
  }

  /// What it was asked.
  package var requests: [Request] { book.requests.withLock { $0 } }

  package func stop() async { try? await channel.close() }
}

/// Takes requests, and answers each.
private final class Conversation: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let book: FakeTokenServer.Book
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(_ book: FakeTokenServer.Book) { self.book = book }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body(let buffer): body += buffer.readableBytesView
    case .end: if let head { answer(head, context) }
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var form: [String: String] = [:]
    for field in String(decoding: body, as: UTF8.self).split(separator: "&") {
      let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      form[String(pair[0]).removingPercentEncoding ?? ""] =
        pair.last.flatMap { String($0).removingPercentEncoding } ?? ""
    }
    let headers = Dictionary(
      head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
    let answer = book.answered(
      .init(
        path: head.uri, headers: headers, form: form, body: String(decoding: body, as: UTF8.self)))
    var fields = HTTPHeaders(answer.headers.map { ($0.key, $0.value) })
    fields.add(name: "Content-Length", value: "\(answer.body.utf8.count)")
    let status = HTTPResponseStatus(statusCode: answer.status)
    context.write(
      wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: fields))),
      promise: nil)
    context.write(
      wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
