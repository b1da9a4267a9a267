import Tensors

extension Generator {
  /// Beam search with the rules of transformers' `generate`. Rows whose search has ended leave the
  /// batch; their results do not depend on the others.
  func beamSearch(_ source: TokenMatrix) async throws -> [GeneratedTokens] {
    let rows = source.ids.rowCount
    let sources = rules.sources(source)
    var searches = (0..<rows).map { BeamSearch(row: $0, source: sources[$0], configuration) }
    var results = [GeneratedTokens?](repeating: nil, count: rows)
    var state = try await model.encode(source)
    let start = Int64(configuration.startToken)
    var tokens = Tensor<Int64>(repeating: start, shape: [rows])
    // At first all beams of a row are alike, and the model sees one of them.
    var isFirst = true
    while !searches.isEmpty {
      try Task.checkCancellation()
      let scores = try await model.decode(tokens, &state)
      let perRow = isFirst ? 1 : configuration.beams
      try check(scores, rows: searches.count * perRow)
      guard scores.rowStride >= configuration.candidates else {
        throw TextPipelineError(
          .invalidOption,
          "\(configuration.beams) beams need a vocabulary of \(configuration.candidates), the "
            + "model's has \(scores.rowStride)",
          model: name)
      }
      var origins: [Int] = []
      var next: [Int64] = []
      var open: [BeamSearch] = []
      var hasEnded = false
      for position in searches.indices {
        var search = searches[position]
        let first = position * perRow
        search.advance(
          scores: scores.rows(first..<first + perRow), rules: rules, configuration)
        if search.hasEnded {
          results[search.row] = search.result
          hasEnded = true
          continue
        }
        for beam in search.beams {
          origins.append(first + (isFirst ? 0 : beam.origin))
          next.append(Int64(beam.tokens.last ?? configuration.startToken))
        }
        open.append(search)
      }
      searches = open
      if searches.isEmpty { break }
      if isFirst || hasEnded { state.select(origins) } else { state.reorder(origins) }
      isFirst = false
      tokens = Tensor(next)
    }
    let unfinished = GeneratedTokens(ids: [configuration.startToken], score: nil)
    return results.map { $0 ?? unfinished }
  }
}

/// The beam search of one row.
struct BeamSearch: Sendable {
  /// A text that goes on.
  struct Beam: Sendable {
    var tokens: [Int]
    var score: Float
    /// The beam before that it continues.
    var origin: Int
  }

  /// A place for a finished text.
  struct Finished: Sendable {
    var tokens: [Int]
    var score: Float
    var isFinished: Bool
  }

  private struct Candidate {
    var beam: Int
    var token: Int
    var score: Float
  }

  /// What is added to scores that must not win. Scores stay finite, as in transformers.
  private static let loss: Float = -1e9

  let row: Int
  private let source: SourceTokens
  private(set) var beams: [Beam]
  private(set) var hasEnded = false
  private var finished: [Finished]
  /// Whether an open text may still become better than the finished ones.
  private var isImprovable = true

  init(row: Int, source: SourceTokens, _ configuration: GenerationConfiguration) {
    self.row = row
    self.source = source
    let start = [configuration.startToken]
    // All beams but the first begin far behind, or all would find the same text.
    beams = (0..<configuration.beams).map {
      Beam(tokens: start, score: $0 == 0 ? 0 : Self.loss, origin: 0)
    }
    finished = Array(
      repeating: Finished(tokens: start, score: Self.loss, isFinished: false),
      count: configuration.beams)
  }

  var result: GeneratedTokens {
    GeneratedTokens(ids: finished[0].tokens, score: finished[0].score)
  }

  /// Adds a token to each beam.
  ///
  /// - Parameter scores: the model's scores for each beam, or those of one row for all.
  mutating func advance(
    scores: Tensor<Float>, rules: TokenRules, _ configuration: GenerationConfiguration
  ) {
    let length = beams[0].tokens.count
    let candidates = best(configuration.candidates, scores: scores, rules: rules)
    let ends = candidates.map {
      configuration.endTokens.contains($0.token) || length + 1 >= configuration.maxLength
    }
    let old = beams
    func tokens(_ candidate: Candidate) -> [Int] { old[candidate.beam].tokens + [candidate.token] }

    let going = zip(candidates, ends).map { $0.score + ($1 ? Self.loss : 0) }
    beams = Self.ranked(going, configuration.beams).map { index in
      let candidate = candidates[index]
      return Beam(tokens: tokens(candidate), score: going[index], origin: candidate.beam)
    }

    let isClosed =
      configuration.earlyStopping == .whenFull && finished.allSatisfy(\.isFinished)
    let divisor = power(length, configuration.lengthPenalty)
    var merged = finished.map(\.score)
    for (index, candidate) in candidates.enumerated() {
      var score = candidate.score / divisor
      if isClosed { score += Self.loss }
      if !isImprovable { score += Self.loss }
      // The candidates beyond the first few are there to replace those that end.
      if !(ends[index] && index < configuration.beams) { score += Self.loss }
      merged.append(score)
    }
    let before = finished
    finished = Self.ranked(merged, configuration.beams).map { index in
      if index < before.count { return before[index] }
      let position = index - before.count
      return Finished(
        tokens: tokens(candidates[position]), score: merged[index],
        isFinished: ends[position] && position < configuration.beams)
    }
    updateEnd(length: length + 1, allEnd: ends.allSatisfy { $0 }, configuration)
  }

  private mutating func updateEnd(
    length: Int, allEnd: Bool, _ configuration: GenerationConfiguration
  ) {
    let isLongest = configuration.earlyStopping == .never && configuration.lengthPenalty > 0
    let hypothetical = isLongest ? configuration.maxLength - 1 : length - 1
    let possible = beams[0].score / power(hypothetical, configuration.lengthPenalty)
    let worst = finished.lazy.map(\.score).min() ?? Self.loss
    let canImprove = finished.contains { possible > ($0.isFinished ? worst : Self.loss) }
    isImprovable = isImprovable && canImprove
    let isFull = configuration.earlyStopping == .whenFull && finished.allSatisfy(\.isFinished)
    hasEnded = !isImprovable || isFull || allEnd
  }

  /// The best continuations of all beams, the best one first.
  private func best(_ count: Int, scores: Tensor<Float>, rules: TokenRules) -> [Candidate] {
    let width = scores.rowStride
    var best: [Candidate] = []
    best.reserveCapacity(count + 1)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { values in
      for (position, beam) in beams.enumerated() {
        let row = min(position, scores.rowCount - 1)
        scores.withUnsafeBufferPointer {
          let source = UnsafeBufferPointer(rebasing: $0[row * width..<(row + 1) * width])
          _ = values.initialize(fromContentsOf: source)
        }
        values.normalizeLogarithms()
        if !rules.isEmpty { rules.apply(to: values, after: beam.tokens, source: source) }
        for token in 0..<width {
          let score = values[token] + beam.score
          if best.count == count {
            guard score > best[count - 1].score else { continue }
            best.removeLast()
          }
          var place = best.count
          while place > 0, best[place - 1].score < score { place -= 1 }
          best.insert(Candidate(beam: position, token: token, score: score), at: place)
        }
      }
    }
    return best
  }

  /// The positions of the greatest scores, the first one among equals first.
  private static func ranked(_ scores: [Float], _ count: Int) -> [Int] {
    let order = scores.indices.sorted { left, right in
      scores[left] == scores[right] ? left < right : scores[left] > scores[right]
    }
    return Array(order.prefix(count))
  }
}
