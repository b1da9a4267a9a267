/// How a beam search ends.
public enum EarlyStopping: String, Sendable, Hashable, Codable {
  /// When the open texts are unlikely to become better than the finished ones, by their present
  /// length (transformers' `False`).
  case heuristic
  /// As soon as there are as many finished texts as beams (`True`).
  case whenFull
  /// When the open texts cannot become better, whatever their length (`"never"`).
  case never
}

/// What overrides a model's own settings for the generation of text; `nil` leaves a setting as
/// `generation_config.json` has it.
public struct GenerationOptions: Sendable, Hashable, Codable {
  /// The greatest number of tokens of a result, the start token included.
  public var maxLength: Int?
  /// The same without the start token; goes before ``maxLength``.
  public var maxNewTokens: Int?
  /// The least number of tokens, the start token included.
  public var minLength: Int?
  /// The same without the start token.
  public var minNewTokens: Int?
  /// The number of texts that a beam search follows side by side; 1 takes the likeliest token at
  /// each step (greedy).
  public var beams: Int?
  /// The exponent of the length by which a beam's score is divided: above 0 favours long texts.
  public var lengthPenalty: Double?
  /// When a beam search ends; `nil` leaves it to the folder's settings.
  public var earlyStopping: EarlyStopping?
  /// No sequence of so many tokens comes twice; 0 for no such rule.
  public var noRepeatNGramSize: Int?
  /// Divides the scores of tokens that came before; 1 for no such rule.
  public var repetitionPenalty: Double?
  /// Sequences of tokens that must not come.
  public var badWords: [[Int]]?
  /// The first token after the start token, such as a language code.
  public var forcedFirstToken: Int?
  /// Whether a model whose settings ask for random sampling is run all the same, without it.
  public var ignoresSampling = false

  enum CodingKeys: String, CodingKey {
    case maxLength, maxNewTokens, minLength, minNewTokens, beams, lengthPenalty, earlyStopping
    case noRepeatNGramSize, repetitionPenalty, badWords, forcedFirstToken, ignoresSampling
  }

  public init(
    maxLength: Int? = nil, maxNewTokens: Int? = nil, minLength: Int? = nil,
    minNewTokens: Int? = nil, beams: Int? = nil, lengthPenalty: Double? = nil,
    earlyStopping: EarlyStopping? = nil, noRepeatNGramSize: Int? = nil,
    repetitionPenalty: Double? = nil, badWords: [[Int]]? = nil, forcedFirstToken: Int? = nil,
    ignoresSampling: Bool = false
  ) {
    self.maxLength = maxLength
    self.maxNewTokens = maxNewTokens
    self.minLength = minLength
    self.minNewTokens = minNewTokens
    self.beams = beams
    self.lengthPenalty = lengthPenalty
    self.earlyStopping = earlyStopping
    self.noRepeatNGramSize = noRepeatNGramSize
    self.repetitionPenalty = repetitionPenalty
    self.badWords = badWords
    self.forcedFirstToken = forcedFirstToken
    self.ignoresSampling = ignoresSampling
  }
}

extension KeyedDecodingContainer<GenerationOptions.CodingKeys> {
  /// What `GenerationOptions` reads its truth value with, which may be left out as all its settings.
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
    try decodeIfPresent(type, forKey: key) ?? false
  }
}
