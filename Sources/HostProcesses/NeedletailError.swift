public import ErrorCauses

/// Why a program could not be packaged, started or connected.
public struct NeedletailError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// Something that a local Spark needs is not installed.
    public static let missingRequirement = Code("MISSING_REQUIREMENT")
    /// The local Spark did not start.
    public static let localSpark = Code("LOCAL_SPARK")
    /// The program could not be packed for the executors.
    public static let packaging = Code("PACKAGING")
    /// A closure cannot travel to the executors.
    public static let inlineClosure = Code("INLINE_CLOSURE")
    /// The command line is wrong.
    public static let usage = Code("USAGE")
    /// The server or session cannot run Swift functions.
    public static let session = Code("SESSION")
    /// A server beside an executor did not start, or is not to be had.
    public static let nodeServers = Code("NODE_SERVERS")
    /// The folder for what processes of this user share cannot be made, or is not this user's alone.
    public static let userFolder = Code("USER_FOLDER")
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

  public var description: String { message }
}

extension NeedletailError: RowFaultError {
  public var rowFault: RowFaultKind? { nil }
}
