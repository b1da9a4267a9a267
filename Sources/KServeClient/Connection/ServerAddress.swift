import NIOCore
import NIOPosix
import NIOSSL

/// A server's address with what connections to it need.
struct ServerAddress: Sendable {
  let endpoint: KServeEndpoint
  private let security: NIOSSLContext?

  /// - Parameter protocols: the names of application protocols to agree on by TLS.
  /// - Throws: ``KServeError`` if TLS cannot be set up.
  init(
    _ endpoint: KServeEndpoint, certificateAuthorityFile: String?, protocols: [String]
  ) throws(KServeError) {
    self.endpoint = endpoint
    guard endpoint.isSecure else {
      security = nil
      return
    }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.applicationProtocols = protocols
    if let certificateAuthorityFile { configuration.trustRoots = .file(certificateAuthorityFile) }
    do {
      security = try NIOSSLContext(configuration: configuration)
    } catch {
      throw KServeError(
        .invalidArgument,
        "no connection to \(endpoint) can be set up: \(error); the file of authorities "
          + "(\(certificateAuthorityFile ?? "the system's")) must be PEM")
    }
  }

  /// Connects; `initialize` adds the handlers of the protocol.
  func connect(
    on eventLoop: any EventLoop,
    _ initialize: @escaping @Sendable (any Channel) throws -> Void
  ) -> EventLoopFuture<any Channel> {
    ClientBootstrap(group: eventLoop)
      .connectTimeout(.seconds(10))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65536, maximum: 1 << 20)
      )
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let security { try addSecurity(security, to: channel) }
          try initialize(channel)
        }
      }
      .connect(host: endpoint.host, port: endpoint.port)
  }

  private func addSecurity(_ security: NIOSSLContext, to channel: any Channel) throws {
    let handler: NIOSSLClientHandler
    do {
      handler = try NIOSSLClientHandler(context: security, serverHostname: endpoint.host)
    } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
      handler = try NIOSSLClientHandler(context: security, serverHostname: nil)
    }
    try channel.pipeline.syncOperations.addHandler(handler)
  }
}
