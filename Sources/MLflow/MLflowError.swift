public import ErrorCauses

/// Why a model of MLflow (`models:/name/3`) cannot be had, or not be run.
public struct MLflowError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The name is of no form that is known.
    public static let invalidReference = Code("MLFLOW_INVALID_REFERENCE")
    /// A variable of the environment cannot be used, or one that is needed is not set.
    public static let settings = Code("MLFLOW_SETTINGS")
    /// The server has no such model, version, alias, run or file.
    public static let notFound = Code("MLFLOW_NOT_FOUND")
    /// The server does not let the caller in.
    public static let accessDenied = Code("MLFLOW_ACCESS_DENIED")
    /// The server cannot be reached, or does not serve now.
    public static let unavailable = Code("MLFLOW_UNAVAILABLE")
    /// The model's files lie where they are not fetched from.
    public static let unsupportedStore = Code("MLFLOW_UNSUPPORTED_STORE")
    /// The model was logged in a form that cannot be run here.
    public static let unsupportedFlavor = Code("MLFLOW_UNSUPPORTED_FLAVOR")
    /// What came is not what a server of MLflow sends, or not what it announced.
    public static let damaged = Code("MLFLOW_DAMAGED")
    /// The cache cannot be read or written.
    public static let cache = Code("MLFLOW_CACHE")
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
