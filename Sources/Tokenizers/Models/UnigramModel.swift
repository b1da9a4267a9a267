/// Unigram (SentencePiece): the split into tokens with the best sum of scores.
struct UnigramModel: Sendable {
  /// The best way to reach a position.
  struct Step {
    var score: Double
    var start: Int32
    var id: Int32
  }

  /// What an unknown character costs more than the worst token.
  private static let unknownPenalty = 10.0

  let vocabulary: Vocabulary
  let tokens: Int
  /// Tokens that occur again later, which has the number from then on.
  let shadowed: [Int32: String]
  let unknownID: Int32?
  private let trie: TokenTrie
  private let scores: [Double]
  private let unknownScore: Double
  /// The numbers of `<0x00>` to `<0xFF>` where the model falls back to bytes, −1 for missing ones.
  private let byteTokens: [Int32]?

  init(
    entries: [(token: String, score: Double)], unknownID: Int32?, fallsBackToBytes: Bool
  ) throws(TokenizerError) {
    vocabulary = try Vocabulary(entries.enumerated().map { ($1.token, Int32($0)) })
    tokens = entries.count
    var shadowed: [Int32: String] = [:]
    for (index, entry) in entries.enumerated() where vocabulary.id(of: entry.token) != Int32(index)
    {
      shadowed[Int32(index)] = entry.token
    }
    self.shadowed = shadowed
    trie = TokenTrie(entries.map(\.token))
    scores = entries.map(\.score)
    self.unknownID = unknownID
    unknownScore = (scores.min() ?? .infinity) - Self.unknownPenalty
    byteTokens = fallsBackToBytes ? ByteTokens.numbers(in: vocabulary) : nil
  }

  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, into sink: inout TokenSink, _ memory: inout ModelMemory
  ) throws(TokenizerError) {
    let count = word.count
    memory.path.removeAll(keepingCapacity: true)
    memory.path.append(
      contentsOf: repeatElement(Step(score: 0, start: -1, id: 0), count: count + 1))
    var needsUnknown = false
    memory.path.withUnsafeMutableBufferPointer { path in
      scores.withUnsafeBufferPointer { scores in
        var start = 0
        while start < count {
          let reached = path[start].score
          let length = UTF8Text.length(word[start])
          var hasSingle = false
          trie.forEachPrefix(word, start) { end, token in
            let score = scores[Int(token)] + reached
            if path[end].start < 0 || score > path[end].score {
              path[end] = Step(score: score, start: Int32(start), id: token)
            }
            if end - start == length { hasSingle = true }
          }
          if !hasSingle {
            let score = unknownScore + reached
            let end = start + length
            if path[end].start < 0 || score > path[end].score {
              guard let unknownID else {
                needsUnknown = true
                return
              }
              path[end] = Step(score: score, start: Int32(start), id: unknownID)
            }
          }
          start += length
        }
      }
    }
    if needsUnknown {
      throw TokenizerError(
        .invalidInput, "the text has an unknown character and the model has no \"unk_id\" for it")
    }
    // Back from the end; neighbouring unknown characters are one token.
    let first = sink.ids.count
    var end = count
    while end > 0 {
      let step = memory.path[end]
      var start = Int(step.start)
      if step.id == unknownID {
        while start > 0, memory.path[start].id == unknownID {
          start = Int(memory.path[start].start)
        }
        appendUnknown(word, start, end, &sink)
      } else {
        sink.append(step.id, start, end, isSurface: true)
      }
      end = start
    }
    sink.ids[first...].reverse()
    if sink.wantsPlaces { sink.places[first...].reverse() }
  }

  /// Appends the tokens of unknown text, last first.
  private func appendUnknown(
    _ word: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ sink: inout TokenSink
  ) {
    // Joined unknown characters may spell a token after all.
    let known = vocabulary.id(of: UnsafeBufferPointer(rebasing: word[start..<end]))
    if known >= 0 {
      sink.append(known, start, end, isSurface: true)
      return
    }
    if let byteTokens, (start..<end).allSatisfy({ byteTokens[Int(word[$0])] >= 0 }) {
      for index in (start..<end).reversed() {
        sink.append(byteTokens[Int(word[index])], start, end)
      }
      return
    }
    sink.append(unknownID ?? 0, start, end, isSurface: true)
  }
}

/// The tokens that stand for single bytes.
enum ByteTokens {
  static func text(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
  }

  /// The number of each byte's token; −1 where the vocabulary lacks it.
  static func numbers(in vocabulary: Vocabulary) -> [Int32] {
    (0...255).map { vocabulary.id(of: text(UInt8($0))) ?? -1 }
  }
}
