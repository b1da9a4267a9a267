public import ErrorCauses

/// Why a SavedModel could not be loaded or run.
public struct TensorFlowError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The model's files are missing or damaged, or it needs something that the runtime lacks.
    public static let modelLoad = Code("TENSORFLOW_MODEL_LOAD")
    /// The model has no signature of that name, or several and none was named.
    public static let unknownSignature = Code("TENSORFLOW_UNKNOWN_SIGNATURE")
    /// The signature takes or gives something other than dense tensors.
    public static let unsupportedModel = Code("TENSORFLOW_UNSUPPORTED_MODEL")
    /// An input is missing, unknown, or its element type or shape does not fit.
    public static let invalidInput = Code("TENSORFLOW_INVALID_INPUT")
    /// An output was asked for that the signature does not give as a tensor of that type.
    public static let invalidOutput = Code("TENSORFLOW_INVALID_OUTPUT")
    /// The runtime refuses an option.
    public static let invalidOption = Code("TENSORFLOW_INVALID_OPTION")
    /// The runtime failed while it computed.
    public static let run = Code("TENSORFLOW_RUN")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, what was expected, and what to do.
  public var message: String
  /// The model's directory, or the name it was given.
  public var model: String?
  /// The signature in use.
  public var signature: String?
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?

  public init(
    _ code: Code, _ message: String, model: String? = nil, signature: String? = nil,
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.model = model
    self.signature = signature
    self.cause = cause
  }

  public var description: String {
    let place = [model.map { "model \($0)" }, signature.map { "signature \($0)" }]
    let prefix = place.compactMap { $0 }.joined(separator: ", ")
    return described(code, about: prefix.isEmpty ? nil : prefix)
  }
}

extension TensorFlowError: RowFaultError {
  public var rowFault: RowFaultKind? {
    // Cancelled, exhausted, aborted and unavailable, in TensorFlow's numbers.
    if let status = cause as? TensorFlowStatus, [1, 8, 10, 14].contains(status.code) { return nil }
    switch code {
    case .run, .invalidInput, .invalidOutput: return isAboutMachine(message) ? nil : .model
    default: return nil
    }
  }
}
