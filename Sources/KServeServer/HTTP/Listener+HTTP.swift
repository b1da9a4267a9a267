import NIOCore
import NIOHTTP1

extension Listener {
  /// Listens for HTTP/1.1 on `host` and `port`. When it closes, so do the connections on which nothing is
  /// at work; others close behind their answer.
  ///
  /// - Throws: ``KServeServerError`` if that is not possible.
  static func http(
    host: String, port: Int, purpose: String, group: any EventLoopGroup, maxRequestBytes: Int,
    budget: MemoryBudget, connections: OpenConnections,
    respond: @escaping HTTPConnection.Responder
  ) async throws -> Listener {
    try await Listener(
      host: host, port: port, purpose: purpose, group: group, connections: connections,
      hasHeads: true
    ) { channel, activity in
      let stream = HTTPRequestStream()
      try channel.pipeline.syncOperations.addHandlers([
        ConnectionActivityWatch(activity), HTTPResponseEncoder(),
        ByteToMessageHandler(stream), HTTPUpgradeWatch(stream), HTTPServerPipelineHandler(),
        HTTPConnection(
          maxRequestBytes: maxRequestBytes, budget: budget, activity: activity,
          client: ClientIdentity(channel)
        ) { request, answer in
          if activity.isReserve, HTTPRoute.match(request.target)?.route.purpose == .infer {
            return answer(
              .error(
                status: .serviceUnavailable,
                "all connections that this server takes are at work; try again later"))
          }
          respond(request, answer)
        },
      ])
    } end: {
      $0.pipeline.fireUserInboundEventTriggered(HTTPConnection.ShouldClose())
    }
  }
}
