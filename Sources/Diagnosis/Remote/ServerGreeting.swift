import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import SparkConnect

/// Connections to a server beside gRPC's, which tell more exactly what is wrong.
enum ServerGreeting {
  private static let timeout = TimeAmount.seconds(5)

  /// The first address that the name stands for.
  ///
  /// - Throws: the system's reason.
  static func address(of host: String, port: Int) throws -> String {
    try SocketAddress.makeAddressResolvingHost(host, port: port).ipAddress ?? host
  }

  /// Connects, and ends the connection.
  ///
  /// - Throws: the reason of the last address that was tried.
  static func connect(to host: String, port: Int) async throws {
    do {
      let channel = try await bootstrap.connect(host: host, port: port).get()
      channel.close(promise: nil)
    } catch let error as NIOConnectionError {
      throw error.connectionErrors.last?.error ?? error
    }
  }

  /// What the server says to a client that speaks in the clear.
  ///
  /// - Throws: why there is no connection.
  static func inTheClear(_ target: ConnectionString) async throws -> Greeting {
    let spoken = try await greeting(target) { channel, answer in
      try channel.pipeline.syncOperations.addHandler(PlainGreeting(answer))
    }
    if spoken != .unknown { return spoken }
    // Servers with TLS mostly hang up without a word.
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    let found = try? await withTLS(target, configuration)
    return found == nil ? .unknown : .tls(application: nil)
  }

  /// Agrees with the server on TLS, as the target wants it.
  ///
  /// - Throws: why not: a certificate that is not trusted, or is for another name.
  static func withTLS(_ target: ConnectionString) async throws -> Greeting {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.applicationProtocols = [target.isBridged ? "http/1.1" : "h2"]
    if let file = target.caFile { configuration.trustRoots = .file(file) }
    if let certificate = target.certificateFile, let key = target.keyFile {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map {
        .certificate($0)
      }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
    }
    return try await withTLS(target, configuration)
  }

  private static func withTLS(
    _ target: ConnectionString, _ configuration: TLSConfiguration
  ) async throws -> Greeting {
    let security = try NIOSSLContext(configuration: configuration)
    return try await greeting(target) { channel, answer in
      let pipeline = channel.pipeline.syncOperations
      do {
        try pipeline.addHandler(NIOSSLClientHandler(context: security, serverHostname: target.host))
      } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
        try pipeline.addHandler(NIOSSLClientHandler(context: security, serverHostname: nil))
      }
      try pipeline.addHandler(HandshakeGreeting(answer))
    }
  }

  private static var bootstrap: ClientBootstrap {
    ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(timeout)
  }

  /// Connects with handlers that answer, and ends the connection.
  private static func greeting(
    _ target: ConnectionString,
    _ initialize: @escaping @Sendable (any Channel, EventLoopPromise<Greeting>) throws -> Void
  ) async throws -> Greeting {
    let answer = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Greeting.self)
    let channel: any Channel
    do {
      channel = try await bootstrap.channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try initialize(channel, answer) }
      }.connect(host: target.host, port: target.port).get()
    } catch {
      // One that is never answered stops the program.
      answer.fail(error)
      throw error
    }
    channel.eventLoop.scheduleTask(in: timeout) { answer.succeed(.unknown) }
    defer { channel.close(promise: nil) }
    return try await answer.futureResult.get()
  }
}

/// Begins HTTP/2 in the clear, and looks at the answer.
private final class PlainGreeting: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let answer: EventLoopPromise<Greeting>
  private var bytes: [UInt8] = []

  init(_ answer: EventLoopPromise<Greeting>) { self.answer = answer }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: Greeting.preface)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    bytes += unwrapInboundIn(data).readableBytesView
    if let greeting = Greeting(bytes) {
      answer.succeed(greeting)
    } else if bytes.count > 16 {
      answer.succeed(.unknown)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.succeed(.unknown)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.succeed(.unknown)
    context.close(promise: nil)
  }
}

/// Tells how TLS was agreed on.
private final class HandshakeGreeting: ChannelInboundHandler {
  typealias InboundIn = Any

  private let answer: EventLoopPromise<Greeting>

  init(_ answer: EventLoopPromise<Greeting>) { self.answer = answer }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let application) = event as? TLSUserEvent {
      answer.succeed(.tls(application: application))
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.fail(ChannelError.eof)
    context.fireChannelInactive()
  }
}
