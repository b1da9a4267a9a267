import JSONText

/// The entries of `generation_config.json`, those of a task going first.
struct GenerationSettings: ConfigurationEntries, Sendable {
  let own: ConfigurationFile
  let task: ConfigurationFile

  func file(of key: String) -> ConfigurationFile { task[key] == nil ? own : task }

  /// One token, which may be written as a list.
  func token(_ key: String) throws(TextPipelineError) -> Int? {
    try read(key, "one token") { value in
      value.wholeNumbers.flatMap { $0.count == 1 ? $0[0] : nil }
    }
  }

  /// The token with which each result begins.
  ///
  /// - Parameter model: `config.json`, which is asked last.
  func startToken(orOf model: ConfigurationFile, folder: String) throws -> Int {
    for file in [self, GenerationSettings(own: model, task: model)] {
      if let start = try file.token("decoder_start_token_id") ?? file.token("bos_token_id") {
        return start
      }
    }
    throw TextPipelineError(
      .invalidConfiguration,
      "neither \(own.path) nor config.json has decoder_start_token_id, the token with which a "
        + "result begins",
      model: folder)
  }

  func forcedFirstToken() throws(TextPipelineError) -> Int? {
    if let token = try token("forced_bos_token_id") { return token }
    // The name of this setting in BART's first files.
    guard try boolean("force_bos_token_to_be_generated") ?? false else { return nil }
    return try token("bos_token_id")
  }

  func badWords() throws(TextPipelineError) -> [[Int]]? {
    try read("bad_words_ids", "a list of lists of ids") { value in
      value.elements.flatMap { lists in
        let words = lists.compactMap(\.listOfWholeNumbers)
        return words.count == lists.count ? words : nil
      }
    }
  }

  func sequenceBiases() throws(TextPipelineError) -> [SequenceBias]? {
    let biases = try read(
      "sequence_bias", "a list of pairs, such as [[[5, 6], -2.0]], of ids and a number"
    ) { value -> [SequenceBias]? in
      guard let pairs = value.elements else { return nil }
      let biases = pairs.compactMap { pair -> SequenceBias? in
        guard let pair = pair.elements, pair.count == 2, let tokens = pair[0].listOfWholeNumbers,
          let bias = pair[1].double, !tokens.isEmpty, tokens.allSatisfy({ $0 >= 0 })
        else { return nil }
        return SequenceBias(tokens: tokens, bias: Float(bias))
      }
      return biases.count == pairs.count ? biases : nil
    }
    // The last one of equal sequences counts.
    var last: [[Int]: SequenceBias] = [:]
    var order: [[Int]] = []
    for bias in biases ?? [] {
      if last.updateValue(bias, forKey: bias.tokens) == nil { order.append(bias.tokens) }
    }
    return biases == nil ? nil : order.compactMap { last[$0] }
  }

  func lengthDecay() throws(TextPipelineError) -> LengthDecay? {
    try read(
      "exponential_decay_length_penalty", "a number of tokens and a factor, such as [15, 1.6]"
    ) { value in
      guard let pair = value.elements, pair.count == 2, let start = pair[0].wholeNumber,
        let factor = pair[1].double
      else { return nil }
      return LengthDecay(start: start, factor: factor)
    }
  }
}

/// What is added to the score of the last of some tokens where the others come before it.
struct SequenceBias: Sendable, Hashable {
  var tokens: [Int]
  var bias: Float
}

/// How much the end token is favoured once a result is long.
struct LengthDecay: Sendable, Hashable {
  /// The number of tokens, the start token not counted, from which on it is.
  var start: Int
  /// What the end token's score grows by with each token.
  var factor: Double
}
