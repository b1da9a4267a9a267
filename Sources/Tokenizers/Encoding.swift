/// The tokens of a text, or of a pair of texts, with all that is known about each.
///
/// All lists but ``overflowing`` have one element for each token.
public struct Encoding: Sendable, Hashable {
  /// The numbers of the tokens: what a model takes.
  public var ids: [Int] = []
  /// Which of the two texts a token belongs to, as the tokenizer's template says.
  public var typeIDs: [Int] = []
  /// The texts of the tokens.
  public var tokens: [String] = []
  /// Where a token stands in its text, in Unicode scalars (code points); 0..<0 for added ones.
  public var offsets: [Range<Int>] = []
  /// 1 for tokens, 0 for padding.
  public var attentionMask: [Int] = []
  /// 1 for tokens that the tokenizer added (special tokens and padding), 0 for those of the text.
  public var specialTokensMask: [Int] = []
  /// The number of the word that a token belongs to, counted in its text.
  public var wordIDs: [Int?] = []
  /// What truncation cut off, in pieces of the same length that overlap by the stride.
  public var overflowing: [Encoding] = []

  public init() {}

  /// The number of tokens.
  public var count: Int { ids.count }
}
