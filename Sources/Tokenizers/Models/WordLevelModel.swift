/// One token for each word.
struct WordLevelModel: Sendable {
  let vocabulary: Vocabulary
  let unknownToken: String
  let unknownID: Int32?

  init(vocabulary: Vocabulary, unknownToken: String) {
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    unknownID = vocabulary.id(of: unknownToken)
  }

  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, into sink: inout TokenSink
  ) throws(TokenizerError) {
    let id = vocabulary.id(of: word)
    guard let number = id >= 0 ? id : unknownID else { throw .unknownWord(lacking: unknownToken) }
    sink.append(number, 0, word.count)
  }
}

extension TokenizerError {
  static func unknownWord(lacking token: String) -> TokenizerError {
    TokenizerError(
      .invalidInput,
      "the text has an unknown word and the vocabulary lacks the token \"\(token)\" for it")
  }
}
