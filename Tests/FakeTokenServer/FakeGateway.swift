import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// A gateway without a server behind it: it answers each HTTP/2 request with a status and a page, as proxies
/// and clouds do, over TLS or in the clear.
package final class FakeGateway: Sendable {
  fileprivate final class Book: Sendable {
    let statuses: [Int]
    let headers: [String: String]
    let requests = Mutex<[[String: String]]>([])

    init(_ statuses: [Int], _ headers: [String: String]) {
      self.statuses = statuses
      self.headers = headers
    }

    func status(for request: [String: String]) -> Int {
      requests.withLock { requests in
        requests.append(request)
        return statuses[min(requests.count, statuses.count) - 1]
      }
    }
  }

  private let book: Book
  private let channel: any Channel
  package let port: Int

  /// - Parameters:
  ///   - statuses: of its answers in turn; the last one for all that follow.
  ///   - headers: of each answer.
  package init(_ statuses: [Int], headers: [String: String] = [:], tls: Bool = false) async throws {
    let book = Book(statuses, headers)
    self.book = book
    let security = try tls ? FakeTokenServer.security(["h2"]) : nil
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let security { try pipeline.addHandler(NIOSSLServerHandler(context: security)) }
          _ = try pipeline.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
          ) { stream in
            stream.eventLoop.makeCompletedFuture {
              try stream.pipeline.syncOperations.addHandler(Refusal(book))
            }
          }
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  /// The headers of the requests that came.
  package var requests: [[String: String]] { book.requests.withLock { $0 } }

  package func stop() async { try? await channel.close() }
}

/// Answers a request when it has come.
private final class Refusal: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  private let book: FakeGateway.Book

  init(_ book: FakeGateway.Book) { self.book = book }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .headers(let request) = unwrapInboundIn(data) else { return }
    let fields = Dictionary(
      request.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    var headers: HPACKHeaders = [
      ":status": "\(book.status(for: fields))", "content-type": "text/html",
    ]
    for (name, value) in book.headers { headers.add(name: name, value: value) }
    context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
    let page = ByteBuffer(string: "<html>no</html>")
    context.writeAndFlush(
      wrapOutboundOut(.data(.init(data: .byteBuffer(page), endStream: true))), promise: nil)
  }
}
