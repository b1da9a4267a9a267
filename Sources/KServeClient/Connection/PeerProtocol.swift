import NIOCore

/// What a server speaks, as far as its first bytes tell.
enum PeerProtocol: Sendable {
  case http1
  case http2
  case tls

  /// - Parameter bytes: the first that came.
  init?(_ bytes: some Collection<UInt8>) {
    let start = Array(bytes.prefix(5))
    if start == Array("HTTP/".utf8) {
      self = .http1
    } else if start.count > 2, start[0] == 0x15 || start[0] == 0x16, start[1] == 3 {
      // A record of an alert or of the handshake.
      self = .tls
    } else if start.count > 4, start[0] == 0, start[1] == 0, start[3] == 4 || start[3] == 7 {
      // A short frame with settings, or one that says goodbye to who speaks something else.
      self = .http2
    } else {
      return nil
    }
  }
}

/// A server speaks another protocol than it was spoken to in.
struct PeerMismatch: Error {
  let spoken: PeerProtocol
  /// Whether this was said in the clear to who asked for TLS.
  var isPlain = false
}

extension PeerMismatch {
  /// What is wrong with an endpoint, and which to use.
  func message(_ endpoint: KServeEndpoint) -> String {
    var right = endpoint
    let answer: String
    let other: String
    switch spoken {
    case .tls:
      right.isSecure = true
      return "\(endpoint.authority) speaks TLS, which \(endpoint) does not ask for: use \(right)"
    case .http1:
      (right.transport, answer, other) = (.http, "HTTP/1.1", "gRPC")
    case .http2:
      (right.transport, answer, other) = (.grpc, "gRPC (HTTP/2)", "HTTP/1.1")
      right.pathPrefix = ""
    }
    if isPlain { right.isSecure = false }
    if right.transport == endpoint.transport {
      return "\(endpoint.authority) answers \(answer) without TLS, which \(endpoint) asks for: use "
        + "\(right)"
    }
    return "\(endpoint.authority) answers \(answer), and \(endpoint) speaks \(other) to it: use "
      + "\(right), or the port that the server has for \(other) (by default "
      + "\(endpoint.transport.defaultPort))"
  }
}

/// Looks at the first bytes of a server, so that a wrong port is told as such and not as a damaged
/// message.
final class PeerWatcher: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let expected: PeerProtocol
  private var hasLooked = false

  init(expecting expected: PeerProtocol) { self.expected = expected }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !hasLooked {
      hasLooked = true
      if let spoken = PeerProtocol(unwrapInboundIn(data).readableBytesView), spoken != expected {
        context.fireErrorCaught(PeerMismatch(spoken: spoken, isPlain: expected == .tls))
        context.close(promise: nil)
        return
      }
    }
    context.fireChannelRead(data)
  }
}
