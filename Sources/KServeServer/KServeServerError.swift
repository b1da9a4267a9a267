public import ErrorCauses

/// Why a model could not be bound or the server could not run.
public struct KServeServerError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// A model's name, tensors or configuration cannot be served.
    public static let invalidModel = Code("SERVER_INVALID_MODEL")
    /// A port cannot be listened on.
    public static let bind = Code("SERVER_BIND")
    /// A model did not start: its warm-up failed, or the system gave no thread.
    public static let modelStart = Code("SERVER_MODEL_START")
    /// A model's closure reported that the process must not go on.
    public static let unrecoverable = Code("SERVER_UNRECOVERABLE")
    /// The server was used in a state that does not allow it.
    public static let invalidState = Code("SERVER_INVALID_STATE")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, where, what was expected and what to do.
  public var message: String
  /// The model concerned.
  public var model: String?
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?

  public init(_ code: Code, _ message: String, model: String? = nil, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.model = model
    self.cause = cause
  }

  /// An error that a model's closure throws when the process cannot serve any more (a lost device,
  /// damaged memory): its requests fail, the server stops being ready, and
  /// ``KServeServer/run()`` throws it, so that whatever supervises the process starts it again.
  public static func unrecoverable(_ message: String) -> KServeServerError {
    KServeServerError(.unrecoverable, message)
  }

  public var description: String { described(code, about: model.map { "model \($0)" }) }
}
