public import ErrorCauses

/// Why there is no token.
public struct TokenError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// A file, a variable, a profile or a parameter is missing or wrong.
    public static let settings = Code("TOKEN_SETTINGS")
    /// The server of tokens, or a command, gives none.
    public static let refused = Code("TOKEN_REFUSED")
    /// The server of tokens cannot be reached, or does not serve now.
    public static let unavailable = Code("TOKEN_UNAVAILABLE")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, where, what was expected and what to do.
  public var message: String
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  public var description: String { described(code) }
}
