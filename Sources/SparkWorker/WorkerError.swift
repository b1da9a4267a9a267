public import ErrorCauses

/// Why the worker could not take or finish a task.
public struct WorkerError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The message that begins a task is damaged, or of another Spark version than announced.
    public static let invalidInitialization = Code("INVALID_INITIALIZATION")
    /// Spark asked for something that this worker does not do.
    public static let unsupported = Code("UNSUPPORTED")
    /// A function gave more or fewer rows than it was given.
    public static let wrongRowCount = Code("WRONG_ROW_COUNT")
    /// A function gave columns that do not fit its kind.
    public static let wrongOutput = Code("WRONG_OUTPUT")
    /// Spark does not speak the protocol as expected.
    public static let protocolViolation = Code("PROTOCOL_VIOLATION")
    /// The other side closed the connection; normal when a query is cancelled or has enough rows.
    public static let connectionClosed = Code("CONNECTION_CLOSED")
    /// A barrier could not be reached.
    public static let barrier = Code("BARRIER")
    /// The process that computed the task died.
    public static let workerLost = Code("WORKER_LOST")
    /// The worker could not start.
    public static let launch = Code("LAUNCH")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, where, what was expected and what to do.
  public var message: String
  /// The function concerned.
  public var function: String?
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?

  public init(_ code: Code, _ message: String, function: String? = nil, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.function = function
    self.cause = cause
  }

  public var description: String { described(code, about: function) }
}
