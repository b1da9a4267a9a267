import NIOCore
import NIOHTTP1
import Web

/// Asks a server for a web socket, and takes what it answers if it gives none.
final class SocketRequest: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let head: HTTPRequestHead
  private let fail: (BridgeFailure) -> Void

  /// - Parameter fail: takes the reason if there is no web socket.
  init(_ address: WebAddress, token: String?, fail: @escaping (BridgeFailure) -> Void) {
    var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target)
    head.headers = ["Host": address.authority, "User-Agent": "needletail/0.1.0"]
    if let token { head.headers.add(name: "Authorization", value: "Bearer \(token)") }
    self.head = head
    self.fail = fail
  }

  /// The connection is there when the handler is added; the handler before this one adds what asks for the
  /// web socket.
  func handlerAdded(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let answer) = unwrapInboundIn(data) else { return }
    let status = Int(answer.status.code)
    switch status {
    case 101: fail(.noWebSocket("its answer is not to the question"))
    case 200..<300: fail(.noWebSocket("it answers with HTTP \(status), as for a page"))
    default: fail(.refused(status: status, reason: answer.status.reasonPhrase))
    }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(.unreachable(.lost(ChannelError.eof)))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? NIOHTTPClientUpgradeError {
      // What follows is the answer, if there is one, and tells more.
      if error == .responseProtocolNotFound { fail(.noWebSocket("it speaks another protocol")) }
    } else {
      fail(.unreachable(.lost(error)))
      context.close(promise: nil)
    }
  }
}
