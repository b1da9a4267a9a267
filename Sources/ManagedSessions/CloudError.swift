import ErrorCauses

/// Why a cloud gives no session.
package struct CloudError: CausedError {
  package enum Kind: Sendable, Hashable {
    /// An address, a variable, a file or a profile is missing or wrong.
    case settings
    /// The cloud does not know who asks, or does not allow it.
    case refused
    /// The cloud cannot be reached, or does not serve now.
    case unavailable
    /// There is no such session, or it has ended or failed.
    case session
  }

  package var kind: Kind
  /// What happened, where, what was expected and what to do.
  package var message: String
  package var cause: (any Error)?

  package init(_ kind: Kind, _ message: String, cause: (any Error)? = nil) {
    self.kind = kind
    self.message = message
    self.cause = cause
  }

  package var description: String { message }
}

/// Where a session's Spark Connect is.
package struct CloudEndpoint: Sendable, Hashable {
  package var host: String
  package var port: Int
  /// The id that Spark's session must have there; `nil` for any.
  package var sessionID: String?
  /// Headers of every request.
  package var headers: [String: String] = [:]
}
