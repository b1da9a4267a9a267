import JSONText

/// How texts of a batch are made equally long.
public struct Padding: Sendable, Hashable {
  /// What texts are filled up to.
  public enum Length: Sendable, Hashable {
    /// As long as the longest of the batch.
    case longest
    /// At least this many tokens.
    case fixed(Int)
  }

  /// How long the texts become.
  public var length: Length
  /// Lengths are rounded up to a multiple of this.
  public var multiple: Int?
  /// The side on which padding is put.
  public var direction: Direction
  /// The number of the padding token in the vocabulary.
  public var id: Int
  /// The type (segment) of the padding token.
  public var typeID: Int
  /// The text of the padding token.
  public var token: String

  public init(
    length: Length = .longest, multiple: Int? = nil, direction: Direction = .right, id: Int = 0,
    typeID: Int = 0, token: String = "[PAD]"
  ) {
    self.length = length
    self.multiple = multiple
    self.direction = direction
    self.id = id
    self.typeID = typeID
    self.token = token
  }

  /// The `padding` section of a tokenizer file.
  init(_ json: JSONReader) throws(TokenizerError) {
    let strategy = try json.required("strategy")
    switch strategy.value {
    case .string("BatchLongest"): length = .longest
    case .object: length = .fixed(try strategy.required("Fixed").count)
    default:
      throw strategy.failure("expected \"BatchLongest\" or {\"Fixed\": length}")
    }
    direction = try json.choice("direction", or: nil)
    multiple = try json.optional("pad_to_multiple_of")?.count
    id = try json.required("pad_id").count
    typeID = try json.required("pad_type_id").count
    token = try json.required("pad_token").string
  }

  /// No model takes longer rows; a damaged file must not ask for all memory.
  private static let longestRow = 1 << 20

  /// The length to which rows of at most `longest` tokens are padded; longer ones stay.
  func target(longest: Int) throws(TokenizerError) -> Int {
    var target = longest
    if case .fixed(let fixed) = length { target = fixed }
    if let multiple, multiple > 0, target % multiple > 0 { target += multiple - target % multiple }
    guard target <= max(Self.longestRow, longest) else {
      throw TokenizerError(
        .invalidOption,
        "padding to \(target) tokens; at most \(Self.longestRow) are possible")
    }
    return target
  }
}
