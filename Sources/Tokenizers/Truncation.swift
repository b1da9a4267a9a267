/// A side of a text.
public enum Direction: String, Sendable, Hashable {
  case left = "Left"
  case right = "Right"
}

/// How texts that are too long are cut.
public struct Truncation: Sendable, Hashable {
  /// Which text of a pair is cut.
  public enum Strategy: String, Sendable, Hashable {
    /// The longer one; both alike where both are too long.
    case longestFirst = "LongestFirst"
    case onlyFirst = "OnlyFirst"
    case onlySecond = "OnlySecond"
  }

  /// The most tokens, special tokens included.
  public var maximumLength: Int
  /// How many tokens an overflowing piece shares with the one before it.
  public var stride: Int
  /// Which text of a pair is cut.
  public var strategy: Strategy
  /// Where the text is cut.
  public var direction: Direction

  public init(
    maximumLength: Int, stride: Int = 0, strategy: Strategy = .longestFirst,
    direction: Direction = .right
  ) {
    self.maximumLength = maximumLength
    self.stride = stride
    self.strategy = strategy
    self.direction = direction
  }

  /// The `truncation` section of a tokenizer file.
  init(_ json: JSONReader) throws(TokenizerError) {
    maximumLength = try json.required("max_length").count
    stride = try json.required("stride").count
    strategy = try json.choice("strategy", or: nil)
    direction = try json.choice("direction", or: .right)
  }

  /// Cuts one text or two to ``maximumLength`` less `added` tokens.
  func apply(_ encodings: inout [Encoding], added: Int) throws(TokenizerError) {
    let limit = try limit(added: added)
    if limit == 0 {
      for index in encodings.indices {
        try encodings[index].truncate(to: 0, stride: stride, direction: direction)
      }
      return
    }
    let total = encodings.reduce(0) { $0 + $1.count }
    if total <= limit { return }
    switch strategy {
    case .longestFirst:
      guard encodings.count == 2 else {
        return try encodings[0].truncate(to: limit, stride: stride, direction: direction)
      }
      let lengths = Self.lengths(encodings[0].count, encodings[1].count, limit: limit)
      try encodings[0].truncate(to: lengths.0, stride: stride, direction: direction)
      try encodings[1].truncate(to: lengths.1, stride: stride, direction: direction)
    case .onlyFirst, .onlySecond:
      let index = strategy == .onlyFirst ? 0 : 1
      guard index < encodings.count else { throw Self.noSecondText }
      let remaining = encodings[index].count - (total - limit)
      guard remaining > 0 else {
        throw TokenizerError(
          .invalidOption,
          "the text to cut has \(encodings[index].count) tokens, "
            + "\(total - limit) must go to reach \(maximumLength); choose longestFirst or a "
            + "greater maximumLength")
      }
      try encodings[index].truncate(to: remaining, stride: stride, direction: direction)
    }
  }

  /// The tokens that remain for the texts.
  func limit(added: Int) throws(TokenizerError) -> Int {
    guard maximumLength >= added, stride >= 0 else {
      throw TokenizerError(
        .invalidOption,
        "truncation to \(maximumLength) tokens leaves no room for the \(added) special tokens")
    }
    return maximumLength - added
  }

  static let noSecondText = TokenizerError(
    .invalidOption,
    "truncation is set to cut the second text, but there is only one; choose longestFirst or "
      + "onlyFirst")

  static func wideStride(_ stride: Int, of length: Int) -> TokenizerError {
    TokenizerError(
      .invalidOption,
      "the truncation stride \(stride) must be less than the \(length) tokens that remain beside the "
        + "special tokens")
  }

  /// How much of each text remains, the shorter one as whole as possible.
  private static func lengths(_ first: Int, _ second: Int, limit: Int) -> (Int, Int) {
    var short = min(first, second)
    var long = short > limit ? short : max(short, limit - short)
    if short + long > limit {
      short = limit / 2
      long = short + limit % 2
    }
    return first > second ? (long, short) : (short, long)
  }
}

extension JSONReader {
  /// A member that is one of an enumeration's names.
  func choice<Choice: RawRepresentable<String>>(
    _ name: String, or standard: Choice?
  ) throws(TokenizerError) -> Choice {
    guard let member = try optional(name) else {
      guard let standard else { throw failure("lacks \"\(name)\"") }
      return standard
    }
    let text = try member.string
    guard let choice = Choice(rawValue: text) else {
      throw member.failure("unknown choice \"\(text)\"", code: .unsupported)
    }
    return choice
  }
}
