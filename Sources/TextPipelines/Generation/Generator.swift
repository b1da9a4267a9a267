import Tensors

/// A result: token ids from the start token to the end token (or the greatest length), and the score
/// that a beam search gave it.
public struct GeneratedTokens: Sendable, Hashable {
  /// The tokens' numbers in the vocabulary.
  public var ids: [Int]
  /// The sum of the logarithms of the tokens' probabilities over the length to the power of the
  /// length penalty; `nil` for a greedy search.
  public var score: Float?
}

/// Generates the results of one batch.
struct Generator: Sendable {
  let model: any SequenceModel
  let configuration: GenerationConfiguration
  let rules: TokenRules
  let name: String

  init(_ model: any SequenceModel, _ configuration: GenerationConfiguration, name: String) {
    self.model = model
    self.configuration = configuration
    rules = TokenRules(configuration)
    self.name = name
  }

  func generate(_ source: TokenMatrix) async throws -> [GeneratedTokens] {
    let rows = source.ids.rowCount
    guard rows > 0, configuration.maxLength > 1 else {
      let tokens = GeneratedTokens(ids: [configuration.startToken], score: nil)
      return Array(repeating: tokens, count: rows)
    }
    return configuration.beams > 1 ? try await beamSearch(source) : try await greedy(source)
  }

  /// Makes sure that the model gave scores for `rows` rows.
  func check(_ scores: Tensor<Float>, rows: Int) throws(TextPipelineError) {
    guard scores.rank == 2, scores.rowCount == rows, scores.rowStride > 0 else {
      throw TextPipelineError(
        .invalidOutput,
        "the decoder gave scores of shape \(scores.shape) for \(rows) rows, expected "
          + "[\(rows), vocabulary]",
        model: name)
    }
  }

  /// The likeliest token at each step. Rows that have ended leave the batch.
  private func greedy(_ source: TokenMatrix) async throws -> [GeneratedTokens] {
    let start = configuration.startToken
    var results = Array(
      repeating: GeneratedTokens(ids: [start], score: nil), count: source.ids.rowCount)
    var open = Array(results.indices)
    let sources = rules.sources(source)
    var state = try await model.encode(source)
    var tokens = Tensor<Int64>(repeating: Int64(start), shape: [open.count])
    for length in 1..<configuration.maxLength {
      try Task.checkCancellation()
      let scores = try await model.decode(tokens, &state)
      try check(scores, rows: open.count)
      let next = best(scores, results, sources, open)
      for (row, token) in zip(open, next) { results[row].ids.append(token) }
      let kept = open.indices.filter { !configuration.endTokens.contains(next[$0]) }
      if kept.isEmpty || length == configuration.maxLength - 1 { break }
      if kept.count < open.count {
        open = kept.map { open[$0] }
        state.select(kept)
      }
      tokens = Tensor(kept.map { Int64(next[$0]) })
    }
    return results
  }

  private func best(
    _ scores: Tensor<Float>, _ results: [GeneratedTokens], _ sources: [SourceTokens],
    _ open: [Int]
  ) -> [Int] {
    if rules.isEmpty { return scores.argmax() }
    let ruled = Tensor<Float>(shape: scores.shape) { output in
      scores.withUnsafeBufferPointer { _ = output.initialize(fromContentsOf: $0) }
      let width = scores.rowStride
      for (position, row) in open.enumerated() {
        let values = UnsafeMutableBufferPointer(
          rebasing: output[position * width..<(position + 1) * width])
        rules.apply(to: values, after: results[row].ids, source: sources[row])
      }
    }
    return ruled.argmax()
  }
}
