/// What turns a word into tokens.
enum Model: Sendable {
  case wordPiece(WordPieceModel)
  case unigram(UnigramModel)
  case bpe(BPEModel)
  case wordLevel(WordLevelModel)

  var vocabulary: Vocabulary {
    switch self {
    case .wordPiece(let model): model.vocabulary
    case .unigram(let model): model.vocabulary
    case .bpe(let model): model.vocabulary
    case .wordLevel(let model): model.vocabulary
    }
  }

  /// The text of a token.
  func token(_ id: Int32) -> String? {
    if let token = vocabulary.token(id) { return token }
    if case .unigram(let model) = self { return model.shadowed[id] }
    return nil
  }

  /// The number of tokens, as the reference counts them.
  var size: Int {
    if case .unigram(let model) = self { return model.tokens }
    return vocabulary.count
  }

  @inline(__always)
  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, into sink: inout TokenSink, _ memory: inout ModelMemory
  ) throws(TokenizerError) {
    switch self {
    case .wordPiece(let model): try model.tokenize(word, into: &sink, &memory)
    case .unigram(let model): try model.tokenize(word, into: &sink, &memory)
    case .bpe(let model): try model.tokenize(word, into: &sink, &memory)
    case .wordLevel(let model): try model.tokenize(word, into: &sink)
    }
  }
}
