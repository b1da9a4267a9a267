public import ErrorCauses

/// Why a model with an id (`hf:org/name`) cannot be had from its hub.
public struct HubError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The id is of no form that is known.
    public static let invalidReference = Code("HUB_INVALID_REFERENCE")
    /// A variable of the environment, or a file that one names, cannot be used.
    public static let settings = Code("HUB_SETTINGS")
    /// The hub has no such model, revision or file.
    public static let notFound = Code("HUB_NOT_FOUND")
    /// The model is private or gated, and the token, if any, does not open it.
    public static let accessDenied = Code("HUB_ACCESS_DENIED")
    /// The hub cannot be reached, or does not serve now.
    public static let unavailable = Code("HUB_UNAVAILABLE")
    /// The hub may not be asked, and the cache lacks something.
    public static let offline = Code("HUB_OFFLINE")
    /// What came is not what the hub says it should be.
    public static let damaged = Code("HUB_DAMAGED")
    /// The cache cannot be read or written.
    public static let cache = Code("HUB_CACHE")
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
