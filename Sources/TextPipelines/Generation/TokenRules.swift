import Glibc
import Tensors

/// The rules that forbid or favour tokens, in the order in which transformers applies them.
struct TokenRules: Sendable {
  private let configuration: GenerationConfiguration
  /// Biases of single tokens, then the others: the order in which the reference adds them up.
  private let biases: [SequenceBias]
  /// Whether no rule can ever change a score.
  let isEmpty: Bool
  /// Whether a rule looks at the source text.
  let needsSource: Bool

  init(_ configuration: GenerationConfiguration) {
    self.configuration = configuration
    let all = configuration.sequenceBiases
    biases = all.filter { $0.tokens.count == 1 } + all.filter { $0.tokens.count > 1 }
    needsSource =
      configuration.encoderNoRepeatNGramSize > 0 || configuration.encoderRepetitionPenalty != 1
    isEmpty =
      !needsSource && configuration.noRepeatNGramSize == 0 && configuration.repetitionPenalty == 1
      && configuration.badWords.isEmpty && configuration.minLength == 0
      && configuration.suppressedTokens.isEmpty && configuration.suppressedFirstTokens.isEmpty
      && configuration.forcedFirstToken == nil && configuration.forcedLastTokens.isEmpty
      && configuration.sequenceBiases.isEmpty && configuration.lengthDecay == nil
      && !configuration.removesInvalidValues && !configuration.renormalizes
  }

  /// What the rules look at in the rows of a batch.
  func sources(_ source: TokenMatrix) -> [SourceTokens] {
    needsSource
      ? SourceTokens.rows(source, ngramSize: configuration.encoderNoRepeatNGramSize)
      : Array(repeating: SourceTokens(), count: source.ids.rowCount)
  }

  /// Changes the scores of the token that follows `tokens` (the start token included).
  func apply(
    to scores: UnsafeMutableBufferPointer<Float>, after tokens: [Int], source: SourceTokens
  ) {
    addBiases(scores, tokens)
    rescale(source.ids, by: 1 / configuration.encoderRepetitionPenalty, scores)
    if configuration.repetitionPenalty != 1 {
      rescale(Set(tokens), by: configuration.repetitionPenalty, scores)
    }
    forbidRepeatedNGrams(scores, tokens)
    forbidNGrams(of: source, scores, tokens)
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
    if configuration.removesInvalidValues { removeInvalidValues(scores) }
    favourEnd(scores, tokens)
    for token in configuration.suppressedTokens { forbid(token, scores) }
    if tokens.count == (configuration.forcedFirstToken == nil ? 1 : 2) {
      for token in configuration.suppressedFirstTokens { forbid(token, scores) }
    }
    if configuration.renormalizes { scores.normalizeLogarithms() }
  }

  private func forbid(_ token: Int, _ scores: UnsafeMutableBufferPointer<Float>) {
    if scores.indices.contains(token) { scores[token] = -.infinity }
  }

  private func force(_ tokens: [Int], _ scores: UnsafeMutableBufferPointer<Float>) {
    scores.update(repeating: -.infinity)
    for token in tokens where scores.indices.contains(token) { scores[token] = 0 }
  }

  private func addBiases(_ scores: UnsafeMutableBufferPointer<Float>, _ tokens: [Int]) {
    if biases.isEmpty { return }
    // All biases of a token are added up first, as in the reference, for equal rounding.
    var sums: [Int: Float] = [:]
    for bias in biases where tokens.ends(with: bias.tokens.dropLast()) {
      if let last = bias.tokens.last { sums[last, default: 0] += bias.bias }
    }
    for (token, sum) in sums where scores.indices.contains(token) { scores[token] += sum }
  }

  /// Makes tokens less likely by a penalty above 1.
  private func rescale(
    _ tokens: Set<Int>, by penalty: Double, _ scores: UnsafeMutableBufferPointer<Float>
  ) {
    let penalty = Float(penalty)
    for token in tokens where scores.indices.contains(token) {
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

  private func forbidNGrams(
    of source: SourceTokens, _ scores: UnsafeMutableBufferPointer<Float>, _ tokens: [Int]
  ) {
    let size = configuration.encoderNoRepeatNGramSize
    guard size > 0, tokens.count >= size - 1 else { return }
    for token in source.followers(of: tokens.suffix(size - 1)) { forbid(token, scores) }
  }

  private func removeInvalidValues(_ scores: UnsafeMutableBufferPointer<Float>) {
    let greatest = Float.greatestFiniteMagnitude
    for index in scores.indices {
      if scores[index].isNaN { scores[index] = 0 }
      if scores[index].isInfinite { scores[index] = scores[index] > 0 ? greatest : -greatest }
    }
  }

  private func favourEnd(_ scores: UnsafeMutableBufferPointer<Float>, _ tokens: [Int]) {
    guard let decay = configuration.lengthDecay else { return }
    // As a file may give any start, the difference may be beyond whole numbers.
    let beyond = Double(tokens.count - 1) - Double(decay.start)
    guard beyond > 0 else { return }
    let growth = Float(pow(decay.factor, beyond) - 1)
    for token in configuration.endTokens where scores.indices.contains(token) {
      if scores[token].isFinite { scores[token] += abs(scores[token]) * growth }
    }
  }
}

extension [Int] {
  fileprivate func ends(with other: ArraySlice<Int>) -> Bool {
    suffix(other.count).elementsEqual(other)
  }
}
