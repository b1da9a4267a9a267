import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Texts

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

  /// Sends `body`, and returns what the server answers.
  ///
  /// - Throws: ``WebFailure``, and ``WebSettingsError`` if TLS cannot be set up.
  package func post(
    _ address: WebAddress, headers: [(String, String)], body: [UInt8]
  ) async throws -> WebAnswer {
    let length = ("Content-Length", "\(body.count)")
    return try await begin(.POST, address, headers: headers + [length], body: body, into: nil).get()
  }

  private func begin(
    _ method: HTTPMethod, _ address: WebAddress, headers: [(String, String)], body: [UInt8],
    into sink: (any WebSink)?
  ) throws -> EventLoopFuture<WebAnswer> {
    let eventLoop = Self.group.next()
    let proxy = settings.proxies.proxy(for: address)
    let security = try address.isSecure ? securityContext(for: address) : nil
    var head = HTTPRequestHead(
      version: .http1_1, method: method, uri: address.target.isEmpty ? "/" : address.target)
    head.headers = HTTPHeaders(
      [("Host", address.authority), ("Connection", "close")] + headers)
    var tunnel: String?
    if let proxy {
      let credentials = proxy.credentials.map(Self.authorization)
      if address.isSecure {
        tunnel = Self.connectRequest(address, credentials)
      } else {
        head.uri = address.server + head.uri
        if let credentials { head.headers.add(name: "Proxy-Authorization", value: credentials) }
      }
    }
    let call = WebCall(
      head, body: body, into: sink, timeout: settings.timeout, promise: eventLoop.makePromise())
    let timeout = TimeAmount.seconds(Int64(settings.timeout))
    let connectRequest = tunnel
    ClientBootstrap(group: eventLoop)
      .connectTimeout(.seconds(10))
      .channelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65536, maximum: 1 << 20)
      )
      .connect(host: proxy?.host ?? address.host, port: proxy?.port ?? address.port)
      // Not before: of several addresses of a host, each may get a channel.
      .flatMapThrowing { channel in
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(IdleStateHandler(readTimeout: timeout))
        if let connectRequest {
          try pipeline.addHandler(
            ProxyTunnel(connectRequest, of: call) { pipeline in
              try Self.addHandlers(to: pipeline, security, address.host, call)
            })
        } else {
          try Self.addHandlers(to: pipeline, security, address.host, call)
        }
      }
      .whenFailure { call.fail(WebFailure.notConnected($0)) }
    return call.answer
  }

  private static func addHandlers(
    to pipeline: ChannelPipeline.SynchronousOperations, _ security: NIOSSLContext?, _ host: String,
    _ call: WebCall
  ) throws {
    if let security {
      do {
        try pipeline.addHandler(try NIOSSLClientHandler(context: security, serverHostname: host))
      } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
        try pipeline.addHandler(try NIOSSLClientHandler(context: security, serverHostname: nil))
      }
    }
    try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
    try pipeline.addHandler(call)
  }

  private func securityContext(for address: WebAddress) throws(WebSettingsError) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.applicationProtocols = ["http/1.1"]
    if let authorities = settings.authorities { configuration.trustRoots = .file(authorities) }
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw WebSettingsError(
        "no connection to \(address.server) can be set up: \(error); the file of authorities "
          + "(\(settings.authorities ?? "the system's"), which SSL_CERT_FILE names) must be PEM",
        cause: error)
    }
  }

  // MARK: Proxies

  /// What asks a proxy to connect a server.
  private static func connectRequest(_ address: WebAddress, _ credentials: String?) -> String {
    let name = address.host.contains(":") ? "[\(address.host)]" : address.host
    let target = "\(name):\(address.port)"
    return "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n"
      + (credentials.map { "Proxy-Authorization: \($0)\r\n" } ?? "") + "\r\n"
  }

  /// What shows a proxy who calls; in addresses both are percent-encoded.
  private static func authorization(_ credentials: String) -> String {
    let plain = credentials.strictlyPercentDecoded ?? credentials
    return "Basic " + Data(plain.utf8).base64EncodedString()
  }
}
