package import AccessTokens
package import Web

/// Why a web socket is not there, or not there any more.
package enum BridgeFailure: Error, Sendable {
  /// The server has answered the request for a web socket with another status.
  case refused(status: Int, reason: String)
  /// There is no token to show.
  case noToken(TokenError)
  /// Nobody could be reached, or there was no agreement on TLS.
  case unreachable(WebFailure)
  /// Authorities or a proxy are set so that none can be made.
  case settings(WebSettingsError)
  /// The server has agreed on something else than a web socket.
  case noWebSocket(String)
  /// There was no web socket after so many seconds.
  case late(Double)
  /// The server has closed it, or the connection ended without a word.
  case closed(code: Int?, reason: String)
  /// The server has not answered a ping for so many seconds.
  case silent(Double)
  /// The server has sent what has no place in the bridge.
  case garbage(String)

  /// Whether another web socket may be had in a moment.
  package var mayPass: Bool {
    switch self {
    case .refused(let status, _): [408, 429, 500, 502, 503, 504].contains(status)
    case .noToken(let error): error.code == .unavailable
    case .unreachable(let failure): failure.mayPass
    case .settings, .noWebSocket, .garbage: false
    case .late, .closed, .silent: true
    }
  }
}

extension BridgeFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .refused(let status, let reason):
      "it answers the request for a web socket with HTTP \(status) \(reason)"
    case .noToken(let error): error.message
    case .unreachable(let failure): "\(failure)"
    case .settings(let error): error.message
    case .noWebSocket(let reason): "it agrees on no web socket: \(reason)"
    case .late(let seconds): "there was no web socket after \(Self.text(seconds)) s"
    case .closed(let code?, let reason):
      "it has closed the web socket with the code \(code)"
        + (Self.names[code].map { " (\($0))" } ?? "") + (reason.isEmpty ? "" : ": \(reason)")
    case .closed(nil, let reason):
      "the web socket has ended without a word" + (reason.isEmpty ? "" : " (\(reason))")
    case .silent(let seconds): "it has not answered a ping for \(Self.text(seconds)) s"
    case .garbage(let what): "it has sent \(what)"
    }
  }

  private static func text(_ seconds: Double) -> String {
    seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
  }

  /// What the codes mean (RFC 6455, 7.4.1).
  private static let names = [
    1000: "the end", 1001: "going away", 1002: "protocol error", 1003: "unacceptable data",
    1007: "malformed data", 1008: "policy violation", 1009: "message too big",
    1011: "internal error", 1012: "service restart", 1013: "try again later", 1014: "bad gateway",
  ]
}
