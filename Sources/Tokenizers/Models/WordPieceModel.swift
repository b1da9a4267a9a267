/// WordPiece: the longest known piece first, from left to right.
struct WordPieceModel: Sendable {
  let vocabulary: Vocabulary
  let unknownToken: String
  let unknownID: Int32?
  let prefix: [UInt8]
  let maximumCharacters: Int
  private let prefixHash: UInt64

  init(
    vocabulary: Vocabulary, unknownToken: String, prefix: String, maximumCharacters: Int
  ) {
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    unknownID = vocabulary.id(of: unknownToken)
    self.prefix = Array(prefix.utf8)
    self.maximumCharacters = maximumCharacters
    prefixHash = self.prefix.reduce(Vocabulary.seed) { Vocabulary.extend($0, $1) }
  }

  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, into sink: inout TokenSink, _ memory: inout ModelMemory
  ) throws(TokenizerError) {
    let first = sink.ids.count
    var isKnown = word.count <= maximumCharacters || isShort(word)
    var start = 0
    while isKnown, start < word.count {
      // The hash of each prefix of what is left, then the longest prefix that is a token.
      memory.hashes.removeAll(keepingCapacity: true)
      var hash = start == 0 ? Vocabulary.seed : prefixHash
      for index in start..<word.count {
        hash = Vocabulary.extend(hash, word[index])
        memory.hashes.append(hash)
      }
      var end = word.count
      var found: Int32 = -1
      prefix.withUnsafeBufferPointer { prefix in
        let head = start == 0 ? UnsafeBufferPointer(start: nil, count: 0) : prefix
        while end > start {
          found = vocabulary.find(
            hash: memory.hashes[end - start - 1], prefix: head,
            UnsafeBufferPointer(rebasing: word[start..<end]))
          if found >= 0 { return }
          end -= 1
          while end > start, word[end] & 0xC0 == 0x80 { end -= 1 }
        }
      }
      if found < 0 {
        isKnown = false
        break
      }
      sink.append(found, start, end)
      start = end
    }
    if isKnown { return }
    sink.ids.removeSubrange(first...)
    if sink.wantsPlaces { sink.places.removeSubrange(first...) }
    guard let unknownID else { throw .unknownWord(lacking: unknownToken) }
    sink.append(unknownID, 0, word.count)
  }

  private func isShort(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
    var characters = 0
    for byte in word where byte & 0xC0 != 0x80 { characters += 1 }
    return characters <= maximumCharacters
  }
}

/// Memory that the models use again for each word.
struct ModelMemory {
  var hashes: [UInt64] = []
  var symbols: [MergeSymbol] = []
  var heap: [UInt64] = []
  var path: [UnigramModel.Step] = []
  var buffer: [UInt8] = []
  var cache = WordCache()
}
