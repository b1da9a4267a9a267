import FoundationEssentials
package import NIOCore
import NIOPosix
import NIOSSL
import Texts

/// What is asked of a proxy, if there is one on the way to a server.
package enum ProxyUse: Sendable {
  /// To connect the server, and to pass all bytes.
  case tunnel
  /// To take the requests, each of which names the server.
  case requests
}

extension WebClient {
  /// Connects to the server of an address: through the proxy that the settings name for it, and with TLS if
  /// the address says so. What the connection serves for is the matter of the handlers.
  ///
  /// - Parameters:
  ///   - readTimeout: how long the server may be silent until an `IdleStateHandler` tells; `nil` for ever.
  ///   - fail: takes the reason if the proxy refuses, on the event loop.
  ///   - addHandlers: adds the handlers behind TLS when the way to the server is free.
  /// - Throws: ``WebSettingsError`` if TLS cannot be set up.
  package func connect(
    to address: WebAddress, on eventLoop: any EventLoop, through use: ProxyUse,
    readTimeout: TimeAmount? = nil, fail: @escaping @Sendable (any Error) -> Void,
    addHandlers: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
  ) throws -> EventLoopFuture<any Channel> {
    let proxy = settings.proxies.proxy(for: address)
    let security = try address.isSecure ? securityContext(for: address) : nil
    let connectRequest =
      use == .tunnel
      ? proxy.map { Self.connectRequest(address, $0.credentials.map(Self.authorization)) } : nil
    return ClientBootstrap(group: eventLoop)
      .connectTimeout(.seconds(Int64(min(10, settings.timeout))))
      .channelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65536, maximum: 1 << 20)
      )
      .connect(host: proxy?.host ?? address.host, port: proxy?.port ?? address.port)
      // Not before: of several addresses of a host, each may get a channel.
      .flatMapThrowing { channel in
        let pipeline = channel.pipeline.syncOperations
        do {
          if let readTimeout { try pipeline.addHandler(IdleStateHandler(readTimeout: readTimeout)) }
          if let connectRequest {
            try pipeline.addHandler(
              ProxyTunnel(connectRequest, fail: fail) { pipeline in
                try Self.addSecurity(security, address.host, to: pipeline)
                try addHandlers(pipeline)
              })
          } else {
            try Self.addSecurity(security, address.host, to: pipeline)
            try addHandlers(pipeline)
          }
        } catch {
          // Nobody else knows of it.
          channel.close(promise: nil)
          throw error
        }
        return channel
      }
  }

  private static func addSecurity(
    _ security: NIOSSLContext?, _ host: String, to pipeline: ChannelPipeline.SynchronousOperations
  ) throws {
    guard let security else { return }
    do {
      try pipeline.addHandler(try NIOSSLClientHandler(context: security, serverHostname: host))
    } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
      try pipeline.addHandler(try NIOSSLClientHandler(context: security, serverHostname: nil))
    }
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
  static func authorization(_ credentials: String) -> String {
    let plain = credentials.strictlyPercentDecoded ?? credentials
    return "Basic " + Data(plain.utf8).base64EncodedString()
  }
}
