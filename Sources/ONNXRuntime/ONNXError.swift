public import ErrorCauses

/// Why a model could not be loaded or run.
public struct ONNXError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The model file is missing, damaged, or needs something that the runtime lacks.
    public static let modelLoad = Code("ONNX_MODEL_LOAD")
    /// The model takes or gives something other than tensors.
    public static let unsupportedModel = Code("ONNX_UNSUPPORTED_MODEL")
    /// An input is missing, unknown, or its element type or shape does not fit.
    public static let invalidInput = Code("ONNX_INVALID_INPUT")
    /// An output was asked for that the model does not give as a tensor of that type.
    public static let invalidOutput = Code("ONNX_INVALID_OUTPUT")
    /// The execution provider is not in the library, or cannot start on this machine.
    public static let providerUnavailable = Code("ONNX_PROVIDER_UNAVAILABLE")
    /// The runtime refuses an option.
    public static let invalidOption = Code("ONNX_INVALID_OPTION")
    /// The runtime failed while it computed.
    public static let run = Code("ONNX_RUN")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, what was expected, and what to do.
  public var message: String
  /// The model's file or name.
  public var model: String?
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?

  public init(_ code: Code, _ message: String, model: String? = nil, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.model = model
    self.cause = cause
  }

  public var description: String { described(code, about: model.map { "model \($0)" }) }
}

/// What a function of the runtime answered instead of success: the cause of an ``ONNXError``.
public struct ONNXStatus: Error, CustomStringConvertible {
  /// The runtime's own code: 2 is an invalid argument, 3 a missing file, 7 an unreadable model.
  public var code: Int32
  /// The runtime's text.
  public var text: String

  public var description: String { text }
}

extension ONNXError: RowFaultError {
  public var rowFault: RowFaultKind? {
    switch code {
    case .run, .invalidInput, .invalidOutput: isAboutMachine(message) ? nil : .model
    default: nil
    }
  }
}
