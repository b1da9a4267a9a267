public import ErrorCauses

/// Why a ``LocalTable`` cannot do what was asked.
public struct LocalTableError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The table has no such column, or several.
    public static let column = Code("COLUMN")
    /// Only Spark computes this.
    public static let needsSpark = Code("NEEDS_SPARK")
    /// The caller asked for something that cannot be.
    public static let invalidArgument = Code("INVALID_ARGUMENT")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, what was expected and what to do.
  public var message: String
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  public var description: String { message }
}
