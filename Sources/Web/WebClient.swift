import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks servers by HTTP/1.1, over TLS where the address says so, one connection for each request.
///
/// It stands on swift-nio, which every program has in it for the servers' protocols: Foundation's client
/// would bring libcurl and its libraries into each of them.
package struct WebClient: Sendable {
  let settings: WebSettings

  package init(settings: WebSettings) { self.settings = settings }

  /// A thread of its own: files are written on it.
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// Gets a document. The caller's thread waits, so that models can be named where nothing is
  /// asynchronous.
  ///
  /// - Throws: ``WebFailure``, what `sink` throws, and ``WebSettingsError`` if TLS cannot be set up.
  package func get(
    _ address: WebAddress, headers: [(String, String)], into sink: (any WebSink)? = nil
  ) throws -> WebAnswer {
    try begin(.GET, address, headers: headers, body: [], into: sink).wait()
  }

  /// Gets a document; nobody's thread waits.
  ///
  /// - Throws: ``WebFailure``, and ``WebSettingsError`` if TLS cannot be set up.
  package func fetch(
    _ address: WebAddress, headers: [(String, String)]
  ) async throws -> WebAnswer {
    try await begin(.GET, address, headers: headers, body: [], into: nil).get()
  }

  /// Sends `body`, and returns what the server answers.
  ///
  /// - Throws: ``WebFailure``, and ``WebSettingsError`` if TLS cannot be set up.
  package func post(
    _ address: WebAddress, headers: [(String, String)], body: [UInt8]
  ) async throws -> WebAnswer {
    try await send(.POST, address, headers: headers, body: body)
  }

  /// The same for a document that is put in its place.
  ///
  /// - Throws: as ``post(_:headers:body:)``.
  package func put(
    _ address: WebAddress, headers: [(String, String)], body: [UInt8] = []
  ) async throws -> WebAnswer {
    try await send(.PUT, address, headers: headers, body: body)
  }

  private func send(
    _ method: HTTPMethod, _ address: WebAddress, headers: [(String, String)], body: [UInt8]
  ) async throws -> WebAnswer {
    let length = ("Content-Length", "\(body.count)")
    return try await begin(method, address, headers: headers + [length], body: body, into: nil)
      .get()
  }

  private func begin(
    _ method: HTTPMethod, _ address: WebAddress, headers: [(String, String)], body: [UInt8],
    into sink: (any WebSink)?
  ) -> EventLoopFuture<WebAnswer> {
    let eventLoop = Self.group.next()
    let proxy = settings.proxies.proxy(for: address)
    var head = HTTPRequestHead(
      version: .http1_1, method: method, uri: address.target.isEmpty ? "/" : address.target)
    head.headers = HTTPHeaders(
      [("Host", address.authority), ("Connection", "close")] + headers)
    if let proxy, !address.isSecure {
      head.uri = address.server + head.uri
      if let credentials = proxy.credentials.map(Self.authorization) {
        head.headers.add(name: "Proxy-Authorization", value: credentials)
      }
    }
    let call = WebCall(
      head, body: body, into: sink, timeout: settings.timeout, promise: eventLoop.makePromise())
    do {
      try connect(
        to: address, on: eventLoop, through: address.isSecure ? .tunnel : .requests,
        readTimeout: .seconds(Int64(settings.timeout)), fail: { call.fail($0) },
        addHandlers: { pipeline in
          try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
          try pipeline.addHandler(call)
        }
      ).whenFailure { call.fail(WebFailure.notConnected($0)) }
    } catch {
      // NIO ends a program that lets go of a promise which nobody has kept.
      call.fail(error)
    }
    return call.answer
  }
}
