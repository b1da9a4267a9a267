import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// A server's address with what connections to it need.
struct ServerAddress: Sendable {
  let endpoint: KServeEndpoint
  private let security: NIOSSLContext?
  private let spoken: PeerProtocol

  /// - Throws: ``KServeError`` if TLS cannot be set up.
  init(
    _ endpoint: KServeEndpoint, certificateAuthorityFile: String?
  ) throws(KServeError) {
    self.endpoint = endpoint
    spoken = endpoint.transport == .grpc ? .http2 : .http1
    guard endpoint.isSecure else {
      security = nil
      return
    }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.applicationProtocols = [endpoint.transport == .grpc ? "h2" : "http/1.1"]
    if let certificateAuthorityFile { configuration.trustRoots = .file(certificateAuthorityFile) }
    do {
      security = try NIOSSLContext(configuration: configuration)
    } catch {
      throw KServeError(
        .invalidArgument,
        "no connection to \(endpoint) can be set up: \(error); the file of authorities "
          + "(\(certificateAuthorityFile ?? "the system's")) must be PEM",
        cause: error)
    }
  }

  /// Connects, by TLS if the endpoint is secure; `initialize` adds the handlers of the protocol.
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
          let pipeline = channel.pipeline.syncOperations
          if let security {
            try pipeline.addHandler(PeerWatcher(expecting: .tls))
            try pipeline.addHandler(try securityHandler(security))
            try pipeline.addHandler(HandshakeWatcher(channel.eventLoop))
          }
          try pipeline.addHandler(PeerWatcher(expecting: spoken))
          try initialize(channel)
        }
      }
      .connect(host: endpoint.host, port: endpoint.port)
      .flatMap { channel in
        guard security != nil else { return eventLoop.makeSucceededFuture(channel) }
        return eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.handler(type: HandshakeWatcher.self).outcome
        }.flatMap { $0.map { channel } }
      }
  }

  private func securityHandler(_ security: NIOSSLContext) throws -> NIOSSLClientHandler {
    do {
      return try NIOSSLClientHandler(context: security, serverHostname: endpoint.host)
    } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
      return try NIOSSLClientHandler(context: security, serverHostname: nil)
    }
  }
}

/// Tells how TLS was agreed on, so that a certificate that is not trusted is the reason of a failure
/// and not an end of the connection without any.
private final class HandshakeWatcher: ChannelInboundHandler {
  typealias InboundIn = Any

  private let promise: EventLoopPromise<Void>

  var outcome: EventLoopFuture<Void> { promise.futureResult }

  init(_ eventLoop: any EventLoop) { promise = eventLoop.makePromise() }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent { promise.succeed() }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(error)
    context.fireErrorCaught(error)
  }

  func handlerRemoved(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}
