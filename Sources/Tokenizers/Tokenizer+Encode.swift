extension Tokenizer {
  /// Encodes a text, or a pair of texts, with all that is known about each token.
  ///
  /// For feeding a model ``encodeBatch(_:addSpecialTokens:)-(StringTensor,_)`` is much faster.
  ///
  /// - Throws: ``TokenizerError`` when truncation cannot be done as set, the text has something
  ///   unknown for which the model has no token, or an expression takes too many steps.
  public func encode(
    _ text: String, pair: String? = nil, addSpecialTokens: Bool = true
  ) throws(TokenizerError) -> Encoding {
    var encodings = [try encode(text, typeID: 0)]
    if let pair { encodings.append(try encode(pair, typeID: 1)) }
    if let truncation {
      let added = postProcessor?.addedTokens(isPair: pair != nil) ?? 0
      try truncation.apply(&encodings, added: addSpecialTokens ? added : 0)
    }
    var whole: Encoding
    if let postProcessor {
      whole = try postProcessor.apply(encodings, addSpecialTokens: addSpecialTokens)
    } else {
      whole = encodings[0]
      if encodings.count == 2 { whole.merge(encodings[1]) }
    }
    if let padding { whole.pad(to: try padding.target(longest: whole.count), padding) }
    return whole
  }

  /// The text after the normaliser: what the splitting sees, but for added tokens.
  ///
  /// - Throws: ``TokenizerError`` when an expression takes too many steps.
  public func normalize(_ text: String) throws(TokenizerError) -> String {
    try normalizer?.apply(text) ?? text
  }

  /// One text without special tokens.
  private func encode(_ text: String, typeID: Int) throws(TokenizerError) -> Encoding {
    var workspace = Workspace(isTracked: true)
    let bytes = Array(text.utf8)
    try bytes.withUnsafeBufferPointer { buffer throws(TokenizerError) in
      try tokenize(buffer, &workspace, limit: nil)
    }
    let positions = ScalarPositions(bytes)
    var encoding = Encoding()
    for (index, id) in workspace.sink.ids.enumerated() {
      let place = workspace.sink.places[index]
      let number = Int(workspace.pieceOfToken[index])
      let piece = workspace.pieces.pieces[number]
      let token: String
      if place.isSurface {
        let range = piece.start + Int(place.start)..<piece.start + Int(place.end)
        token = String(decoding: workspace.pieces.text.bytes[range], as: UTF8.self)
      } else {
        token = model.token(id) ?? ""
      }
      encoding.append(
        id: Int(id), typeID: typeID, token: token,
        offsets: positions.range(
          workspace.pieces.text.original(place, in: piece)),
        attention: 1, special: 0, word: number)
    }
    return encoding
  }
}

extension AlignedText {
  /// The bytes of the original text from which a token comes.
  fileprivate func original(_ place: TokenSink.Place, in piece: Piece) -> (Int, Int) {
    let (start, end) = (Int(place.start), Int(place.end))
    if start == end { return (Int(piece.base) + start, Int(piece.base) + end) }
    // A suffix that was split into bytes makes a word longer than its text.
    if piece.start + end > piece.end { return (start, end) }
    return (
      Int(spans[piece.start + start].start), Int(spans[piece.start + end - 1].end)
    )
  }
}

/// Positions in Unicode scalars for positions in bytes.
struct ScalarPositions {
  /// The number of the scalar that each byte belongs to; nil for ASCII, where it is the position.
  private let numbers: [Int32]?
  private let count: Int

  init(_ bytes: [UInt8]) {
    count = bytes.count
    if bytes.allSatisfy({ $0 < 0x80 }) {
      numbers = nil
      return
    }
    var numbers: [Int32] = []
    numbers.reserveCapacity(bytes.count)
    var number: Int32 = -1
    for byte in bytes {
      if byte & 0xC0 != 0x80 { number += 1 }
      numbers.append(number)
    }
    self.numbers = numbers
  }

  func range(_ bytes: (start: Int, end: Int)) -> Range<Int> {
    guard bytes.start < count else { return bytes.start..<max(bytes.start, bytes.end) }
    func number(_ position: Int) -> Int { numbers.map { Int($0[position]) } ?? position }
    let start = number(bytes.start)
    if bytes.end < count { return start..<max(start, number(bytes.end)) }
    let last = bytes.end > 0 && bytes.end - 1 < count ? number(bytes.end - 1) : start + 1
    return start..<max(start, last + 1)
  }
}
