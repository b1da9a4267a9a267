public import ErrorCauses

/// Why a tokenizer could not be loaded, or a text not encoded or decoded.
public struct TokenizerError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The file cannot be read.
    public static let unreadableFile = Code("TOKENIZER_UNREADABLE_FILE")
    /// The file is not a valid `tokenizer.json`.
    public static let invalidFile = Code("TOKENIZER_INVALID_FILE")
    /// The file asks for a component, or a regular expression for syntax, that is not known here.
    public static let unsupported = Code("TOKENIZER_UNSUPPORTED")
    /// A truncation or padding option cannot be met.
    public static let invalidOption = Code("TOKENIZER_INVALID_OPTION")
    /// The text or the token numbers cannot be processed.
    public static let invalidInput = Code("TOKENIZER_INVALID_INPUT")
    /// A regular expression of the file takes too many steps on a text.
    public static let tooComplex = Code("TOKENIZER_TOO_COMPLEX")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, what was expected, and what to do.
  public var message: String
  /// Where in the file: a path such as `model.vocab`.
  public var location: String?
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?

  public init(_ code: Code, _ message: String, location: String? = nil, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.location = location
    self.cause = cause
  }

  public var description: String { described(code, about: location) }
}

extension TokenizerError: RowFaultError {
  public var rowFault: RowFaultKind? {
    switch code {
    case .invalidInput, .tooComplex: .text
    default: nil
    }
  }
}
