public import ErrorCauses

/// Why Arrow data could not be read, built or converted.
public struct ArrowError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case malformed, truncated, unsupported, invalidArgument, limit, producer
    }
    private let kind: Kind

    /// The bytes contradict the Arrow specification or themselves.
    public static let malformed = Code(kind: .malformed)
    /// The bytes end before the data that they announce.
    public static let truncated = Code(kind: .truncated)
    /// The data is valid Arrow that this package does not handle.
    public static let unsupported = Code(kind: .unsupported)
    /// The caller asked for something that the data cannot give.
    public static let invalidArgument = Code(kind: .invalidArgument)
    /// A size is beyond what the reader was told to accept.
    public static let limit = Code(kind: .limit)
    /// What gives the data, such as a stream of another library, has failed and says so itself.
    public static let producer = Code(kind: .producer)

    public var description: String { kind.rawValue }
  }

  /// The kind of failure.
  public var code: Code
  /// What happened, what was expected.
  public var message: String
  /// Where: a column path such as `pixels.element`, a message number, a byte position.
  public var context: String?

  public init(_ code: Code, _ message: String, context: String? = nil) {
    self.code = code
    self.message = message
    self.context = context
  }

  public var description: String {
    guard let context else { return "Arrow: \(message)" }
    return "Arrow: \(context): \(message)"
  }
}

extension ArrowError: RowFaultError {
  public var rowFault: RowFaultKind? { nil }
}
