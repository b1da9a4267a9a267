public import ErrorCauses

/// Why a function could not be found, applied or evaluated.
public struct InferenceError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// No function of that name is registered, or two are.
    public static let unknownFunction = Code("UNKNOWN_FUNCTION")
    /// Driver and executor run different builds of the program.
    public static let buildMismatch = Code("BUILD_MISMATCH")
    /// The command that arrived is not one of this package's.
    public static let invalidCommand = Code("INVALID_COMMAND")
    /// Columns do not fit the function's inputs in number, type or shape.
    public static let invalidInput = Code("INVALID_INPUT")
    /// What the function returned does not fit the declared type or the number of rows.
    public static let invalidOutput = Code("INVALID_OUTPUT")
    /// The model could not be loaded.
    public static let modelLoad = Code("MODEL_LOAD")
    /// The model or the user's closure failed on a batch.
    public static let prediction = Code("PREDICTION")
    /// A native library is missing or unusable.
    public static let library = Code("LIBRARY")
    /// More rows could not be predicted than the caller lets pass.
    public static let tooManyErrors = Code("TOO_MANY_ERRORS")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, where, what was expected and what to do.
  public var message: String
  /// The function or model concerned.
  public var function: String?
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?
  /// What is wrong with the rows, if it is their fault.
  package var fault: RowFault?

  public init(_ code: Code, _ message: String, function: String? = nil, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.function = function
    self.cause = cause
  }

  public var description: String { described(code, about: function) }
}

extension InferenceError: RowFaultError {
  public var rowFault: RowFaultKind? { fault?.kind }
}
