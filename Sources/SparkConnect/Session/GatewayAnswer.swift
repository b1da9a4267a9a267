import AccessTokens
import GRPCCore

/// What somebody before a server says with a status of HTTP: a proxy, a cloud's gateway. Spark's own server
/// says all it has to say by gRPC.
struct GatewayAnswer {
  let status: Int
  /// The status with its name.
  private let text: String

  /// `nil` if the server itself has answered.
  init?(_ error: RPCError) {
    // grpc-swift keeps the status nowhere else.
    guard let found = error.message.firstMatch(of: /HTTP Status Code \((\d{3}[^)]*)\)/),
      let status = Int(found.1.prefix(3))
    else { return nil }
    self.status = status
    text = String(found.1)
  }

  /// - Parameter text: the status with its name.
  init(status: Int, text: String) {
    self.status = status
    self.text = text
  }

  /// What happened, and what to do.
  func error(
    _ target: ConnectionString, _ tokens: (any TokenProvider)?, cause: any Error
  ) -> SparkError {
    let place = "the gateway of the Spark Connect server at \(target.host):\(target.port)"
    let isDatabricks = target.headers.keys.contains { $0.hasPrefix("x-databricks-") }
    let (kind, what, advice): (SparkError.Kind, String, String) =
      switch status {
      case 401:
        (.unauthenticated, "does not accept the token", TokenAdvice.refused(tokens))
      case 403:
        (
          .unauthenticated, "does not allow the request",
          TokenAdvice.forbidden(tokens, isDatabricks)
        )
      case 404:
        (
          .unavailable, "knows no Spark Connect there",
          isDatabricks
            ? "check the workspace's host, and that the cluster has this id and runs"
            : target.cloudSession.map { "see that \($0) still runs" }
              ?? "check host and port of the address, and whether the gateway passes gRPC on"
        )
      case 413:
        (
          .server, "does not pass on requests of this size",
          "ask its operator: 'Please let the proxy pass request bodies of any size' (nginx: "
            + "client_max_body_size 0)"
        )
      case 429:
        (
          .unavailable, "has had too many requests",
          "run fewer jobs at once with this account, or try again later"
        )
      case 502, 503, 504:
        (
          .unavailable, "does not reach the server",
          isDatabricks
            ? "see that the cluster runs, or start it, and try again"
            : "see that the server behind it runs and is not overloaded, and try again"
        )
      default:
        (
          .server, "answers by HTTP and not by gRPC",
          "check host and port of the address, and whether the gateway passes gRPC on"
        )
      }
    return SparkError(kind, "\(place) \(what) (HTTP \(text)); \(advice)", cause: cause)
  }
}

/// What to do when a server does not take a token.
enum TokenAdvice {
  static func refused(_ tokens: (any TokenProvider)?) -> String {
    guard let tokens else {
      return
        "none was given: give one, as token=... in the connection string or in "
        + "SPARK_CONNECT_AUTHENTICATE_TOKEN"
    }
    return "it is from \(tokens.source): \(tokens.advice)"
  }

  static func forbidden(_ tokens: (any TokenProvider)?, _ isDatabricks: Bool) -> String {
    let whose =
      tokens.map { "the account whose token is from \($0.source)" } ?? "a call without a token"
    return "\(whose) lacks a right, or this network is shut out: ask the operator for it"
      + (isDatabricks
        ? " (on Databricks 'Can Attach To' for the cluster, and the IP access list)" : "")
  }
}
