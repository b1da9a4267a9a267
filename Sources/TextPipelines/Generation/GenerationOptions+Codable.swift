extension GenerationOptions {
  /// Reads the settings that are given; the others stay as the model has them.
  ///
  /// - Throws: a `DecodingError` for a setting of a wrong type.
  public init(from decoder: any Decoder) throws {
    let given = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      maxLength: try given.decodeIfPresent(Int.self, forKey: .maxLength),
      maxNewTokens: try given.decodeIfPresent(Int.self, forKey: .maxNewTokens),
      minLength: try given.decodeIfPresent(Int.self, forKey: .minLength),
      minNewTokens: try given.decodeIfPresent(Int.self, forKey: .minNewTokens),
      beams: try given.decodeIfPresent(Int.self, forKey: .beams),
      lengthPenalty: try given.decodeIfPresent(Double.self, forKey: .lengthPenalty),
      earlyStopping: try given.decodeIfPresent(EarlyStopping.self, forKey: .earlyStopping),
      noRepeatNGramSize: try given.decodeIfPresent(Int.self, forKey: .noRepeatNGramSize),
      repetitionPenalty: try given.decodeIfPresent(Double.self, forKey: .repetitionPenalty),
      badWords: try given.decodeIfPresent([[Int]].self, forKey: .badWords),
      forcedFirstToken: try given.decodeIfPresent(Int.self, forKey: .forcedFirstToken),
      ignoresSampling: try given.decodeIfPresent(Bool.self, forKey: .ignoresSampling) ?? false)
  }
}
