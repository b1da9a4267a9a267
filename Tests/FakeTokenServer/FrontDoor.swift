import NIOCore
import NIOPosix

/// One port for two servers, as clouds have it: a connection goes to the one for HTTP/2 if its TLS greeting
/// offers that, else to the other. What passes is not opened.
package final class FrontDoor: Sendable {
  private let channel: any Channel
  package let port: Int

  package init(http2: Int, http1: Int) async throws {
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Doorman(http2: http2, http1: http1))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  package func stop() async { try? await channel.close() }
}

/// Reads the greeting, connects a server, and passes on all bytes.
private final class Doorman: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let http2: Int
  private let http1: Int
  private var waiting: [ByteBuffer] = []
  private var isAsked = false
  private var server: (any Channel)?

  init(http2: Int, http1: Int) {
    self.http2 = http2
    self.http1 = http1
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    if let server {
      server.writeAndFlush(buffer, promise: nil)
      return
    }
    waiting.append(buffer)
    if isAsked { return }
    isAsked = true
    // The names of the protocols stand in the greeting, each behind its length.
    let offersHTTP2 = String(buffer: buffer).contains("\u{2}h2")
    let client = context.channel
    let me = NIOLoopBound(self, eventLoop: context.eventLoop)
    ClientBootstrap(group: context.eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(WayBack(client))
        }
      }
      .connect(host: "127.0.0.1", port: offersHTTP2 ? http2 : http1)
      .whenComplete { result in
        guard case .success(let server) = result else { return client.close(promise: nil) }
        for buffer in me.value.waiting { server.write(buffer, promise: nil) }
        server.flush()
        me.value.waiting = []
        me.value.server = server
      }
  }

  func channelInactive(context: ChannelHandlerContext) {
    server?.close(promise: nil)
    context.fireChannelInactive()
  }
}

/// Passes a server's bytes to the client.
private final class WayBack: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let client: any Channel

  init(_ client: any Channel) { self.client = client }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    client.writeAndFlush(unwrapInboundIn(data), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    client.close(promise: nil)
    context.fireChannelInactive()
  }
}
