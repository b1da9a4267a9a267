public import ErrorCauses

/// Why a task did not end well under ``FakeSpark``.
public struct FakeSparkError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The worker reported a failure: what Spark's client would see.
    public static let taskFailed = Code("TASK_FAILED")
    /// The worker did something that Spark would not understand.
    public static let protocolViolation = Code("PROTOCOL_VIOLATION")
    /// The worker went away.
    public static let workerLost = Code("WORKER_LOST")
    /// The worker could not be started or reached.
    public static let launch = Code("LAUNCH")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened; for ``Code/taskFailed`` the worker's own words.
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
