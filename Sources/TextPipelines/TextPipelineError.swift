public import ErrorCauses

/// Why a text pipeline could not be made or run.
public struct TextPipelineError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The folder lacks a file that the pipeline needs, or there is no such folder.
    public static let missingFile = Code("TEXT_MISSING_FILE")
    /// A configuration file is damaged or says something that makes no sense.
    public static let invalidConfiguration = Code("TEXT_INVALID_CONFIGURATION")
    /// The model is none of the pipeline's: its inputs, outputs or architecture do not fit.
    public static let unsupportedModel = Code("TEXT_UNSUPPORTED_MODEL")
    /// Tokenizer and model do not belong together.
    public static let vocabularyMismatch = Code("TEXT_VOCABULARY_MISMATCH")
    /// A text cannot be taken.
    public static let invalidInput = Code("TEXT_INVALID_INPUT")
    /// The model gave something other than it said.
    public static let invalidOutput = Code("TEXT_INVALID_OUTPUT")
    /// An option has a value that makes no sense.
    public static let invalidOption = Code("TEXT_INVALID_OPTION")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, where, what was expected, and what to do.
  public var message: String
  /// The model's folder or name.
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

extension TextPipelineError: RowFaultError {
  public var rowFault: RowFaultKind? {
    switch code {
    // A model of another vocabulary still takes the texts that both know.
    case .invalidInput, .vocabularyMismatch: .text
    default: nil
    }
  }
}
