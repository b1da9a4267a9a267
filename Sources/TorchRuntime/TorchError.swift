public import ErrorCauses

/// Why a compiled PyTorch model could not be loaded or run.
public struct TorchError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The file is missing, damaged, or no package that PyTorch writes.
    public static let modelLoad = Code("TORCH_MODEL_LOAD")
    /// The file is one of PyTorch's, but holds no compiled code, or code that needs what is not here.
    public static let unsupportedModel = Code("TORCH_UNSUPPORTED_MODEL")
    /// The package was compiled for another device, system or processor.
    public static let wrongDevice = Code("TORCH_WRONG_DEVICE")
    /// The package has no weights, or those given do not fit.
    public static let weights = Code("TORCH_WEIGHTS")
    /// An input is missing, unknown, or its element type or shape does not fit.
    public static let invalidInput = Code("TORCH_INVALID_INPUT")
    /// An output was asked for that the model does not give, or not as that type.
    public static let invalidOutput = Code("TORCH_INVALID_OUTPUT")
    /// An option is out of range.
    public static let invalidOption = Code("TORCH_INVALID_OPTION")
    /// The model failed while it computed.
    public static let run = Code("TORCH_RUN")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, what was expected, and what to do.
  public var message: String
  /// The package's file, or the name it was given.
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

/// What a function of PyTorch's C interface answered instead of success: the cause of a ``TorchError``.
public struct TorchStatus: Error, CustomStringConvertible {
  /// PyTorch's text.
  public var text: String

  public var description: String { text }
}

extension TorchError: RowFaultError {
  public var rowFault: RowFaultKind? {
    switch code {
    case .run, .invalidInput, .invalidOutput: isAboutMachine(message) ? nil : .model
    default: nil
    }
  }
}
