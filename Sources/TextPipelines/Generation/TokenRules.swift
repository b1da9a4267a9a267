/// The rules that forbid or favour tokens, in the order in which transformers applies them.
struct TokenRules: Sendable {
  private let configuration: GenerationConfiguration
  /// Whether no rule can ever change a score.
  let isEmpty: Bool

  init(_ configuration: GenerationConfiguration) {
    self.configuration = configuration
    isEmpty =
      configuration.noRepeatNGramSize == 0 && configuration.repetitionPenalty == 1
      && configuration.badWords.isEmpty && configuration.minLength == 0
      && configuration.suppressedTokens.isEmpty && configuration.suppressedFirstTokens.isEmpty
      && configuration.forcedFirstToken == nil && configuration.forcedLastTokens.isEmpty
  }

  /// Changes the scores of the token that follows `tokens` (the start token included).
  func apply(to scores: UnsafeMutableBufferPointer<Float>, after tokens: [Int]) {
    penalizeRepetition(scores, tokens)
    forbidRepeatedNGrams(scores, tokens)
    for word in configuration.badWords where tokens.ends(with: word.dropLast()) {
      if let last = word.last, word.count > 1 || !configuration.endTokens.contains(last) {
        forbid(last, scores)
      }
    }
    if tokens.count < configuration.minLength {
      for token in configuration.endTokens { forbid(token, scores) }
    }
    if let token = configuration.forcedFirstToken, tokens.count == 1 { force([token], scores) }
    if tokens.count == configuration.maxLength - 1, !configuration.forcedLastTokens.isEmpty {
      force(configuration.forcedLastTokens, scores)
    }
    for token in configuration.suppressedTokens { forbid(token, scores) }
    if tokens.count == (configuration.forcedFirstToken == nil ? 1 : 2) {
      for token in configuration.suppressedFirstTokens { forbid(token, scores) }
    }
  }

  private func forbid(_ token: Int, _ scores: UnsafeMutableBufferPointer<Float>) {
    if scores.indices.contains(token) { scores[token] = -.infinity }
  }

  private func force(_ tokens: [Int], _ scores: UnsafeMutableBufferPointer<Float>) {
    scores.update(repeating: -.infinity)
    for token in tokens where scores.indices.contains(token) { scores[token] = 0 }
  }

  private func penalizeRepetition(_ scores: UnsafeMutableBufferPointer<Float>, _ tokens: [Int]) {
    if configuration.repetitionPenalty == 1 { return }
    let penalty = Float(configuration.repetitionPenalty)
    for token in Set(tokens) where scores.indices.contains(token) {
      scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty
    }
  }

  private func forbidRepeatedNGrams(_ scores: UnsafeMutableBufferPointer<Float>, _ tokens: [Int]) {
    let size = configuration.noRepeatNGramSize
    guard size > 0, tokens.count >= size else { return }
    let prefix = tokens.suffix(size - 1)
    for end in size - 1..<tokens.count where tokens[end - size + 1..<end].elementsEqual(prefix) {
      forbid(tokens[end], scores)
    }
  }
}

extension [Int] {
  fileprivate func ends(with other: ArraySlice<Int>) -> Bool {
    suffix(other.count).elementsEqual(other)
  }
}
