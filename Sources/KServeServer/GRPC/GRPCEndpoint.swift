import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix

/// The port for gRPC.
final class GRPCEndpoint: Sendable {
  private let transport: HTTP2ServerTransport.Posix
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let address: String

  init(server: KServeServer, port: Int, group: MultiThreadedEventLoopGroup) {
    let host = server.configuration.host
    address = "\(host):\(port)"
    let limit = server.configuration.maxRequestBytes
    let socketAddress: GRPCNIOTransportCore.SocketAddress =
      host.contains(":") ? .ipv6(host: host, port: port) : .ipv4(host: host, port: port)
    transport = HTTP2ServerTransport.Posix(
      address: socketAddress, transportSecurity: .plaintext,
      config: .defaults { config in
        // Tensors are large: few big frames, and a window that a whole batch fits in, so that a
        // sender need not wait for updates.
        config.http2.maxFrameSize = 1 << 20
        config.http2.targetWindowSize = 16 << 20
        config.rpc.maxRequestPayloadSize = limit
        config.channelDebuggingCallbacks.onAcceptHTTP2Stream = { [limit] channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              MessageSizeLimit(limit: limit), position: .first)
          }
        }
        config.connection.flushCoalescing = nil
        config.connection.keepalive.clientBehavior.allowWithoutCalls = true
        config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(10)
        config.compression.enabledAlgorithms = .all
        config.channelDebuggingCallbacks.onAcceptTCPConnection = { channel in
          channel.setOption(.tcpOption(.tcp_nodelay), value: 1).flatMap {
            channel.setOption(
              .recvAllocator,
              value: AdaptiveRecvByteBufferAllocator(
                minimum: 4096, initial: 16384, maximum: 1 << 20))
          }
        }
      }, eventLoopGroup: group)
    self.server = GRPCServer(
      transport: transport,
      services: [KServeService(server: server), HealthService(server: server)])
  }

  /// Serves until ``shutDown()``.
  ///
  /// - Throws: ``KServeServerError`` if the port cannot be had.
  func serve() async throws {
    do {
      try await server.serve()
    } catch {
      throw failure(error)
    }
  }

  /// The port, also if the system chose it; waits until it is open.
  ///
  /// - Throws: ``KServeServerError`` if it cannot be had.
  var port: Int {
    get async throws {
      do {
        let listening = try await transport.listeningAddress
        return listening.ipv4?.port ?? listening.ipv6?.port ?? 0
      } catch {
        throw failure(error)
      }
    }
  }

  /// Takes no more calls and ends.
  func shutDown() { server.beginGracefulShutdown() }

  private func failure(_ error: any Error) -> KServeServerError {
    KServeServerError(
      .bind,
      "cannot listen for gRPC on \(address): \(error). Choose a free port, or 0 for any")
  }
}
