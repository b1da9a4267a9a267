import NIOCore
import NIOPosix
import NIOSSL

extension ServerAddress {
  /// Whether the server greets by TLS. Most do not answer at all who speaks to them without it, so that
  /// only a greeting of that kind tells.
  ///
  /// Nothing but the greeting is sent, and whom the certificate is for does not matter.
  func speaksTLS(on eventLoop: any EventLoop) async -> Bool {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    guard let security = try? NIOSSLContext(configuration: configuration) else { return false }
    let answer = eventLoop.makePromise(of: Bool.self)
    ClientBootstrap(group: eventLoop)
      .connectTimeout(.seconds(2))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(GreetingWatcher(answer))
          try pipeline.addHandler(
            try NIOSSLClientHandler(context: security, serverHostname: nil))
        }
      }
      .connect(host: endpoint.host, port: endpoint.port)
      .whenComplete { result in
        switch result {
        case .failure: answer.succeed(false)
        case .success(let channel):
          channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        }
      }
    return (try? await answer.futureResult.get()) ?? false
  }
}

/// Tells whether the first bytes that come are TLS's, and ends the connection.
private final class GreetingWatcher: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private var answer: EventLoopPromise<Bool>?

  init(_ answer: EventLoopPromise<Bool>) { self.answer = answer }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    answer.take()?.succeed(PeerProtocol(unwrapInboundIn(data).readableBytesView) == .tls)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.take()?.succeed(false)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) { answer.take()?.succeed(false) }
}
