/// A piece of the text: what the model sees as a word, or an added token.
struct Piece: Sendable {
  /// Where it begins in ``PieceText/text``, in bytes.
  var start: Int
  var end: Int
  /// Where it begins in the original text, in bytes; known when spans are tracked or nothing was
  /// removed before it.
  var base: Int32
  /// The number of the added token that the piece is, or −1.
  var token: Int32 = -1
}

/// The normalised text and the pieces into which it is split.
struct PieceText {
  var text: AlignedText
  var pieces: [Piece] = []
  // Memory for the steps to write into.
  var spare: AlignedText
  var sparePieces: [Piece] = []
  var parts: [TextPattern.Part] = []
  var ranges: [Range<Int>] = []

  init(isTracked: Bool) {
    text = AlignedText(isTracked: isTracked)
    spare = AlignedText(isTracked: isTracked)
  }

  mutating func removeAll() {
    text.removeAll()
    pieces.removeAll(keepingCapacity: true)
  }

  /// Where in the original the byte at `start` of a piece comes from.
  @inline(__always)
  private func base(_ start: Int, _ piece: Piece) -> Int32 {
    if text.isTracked, start < text.spans.count { return text.spans[start].start }
    return start == piece.start ? piece.base : piece.base + 1
  }

  /// Splits each piece that is no added token: `body` reads the whole text and appends the ranges
  /// that remain of the piece.
  @inline(__always)
  mutating func split(
    _ body: (UnsafeBufferPointer<UInt8>, Piece, inout [Range<Int>]) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    sparePieces.removeAll(keepingCapacity: true)
    try text.bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
      for piece in pieces {
        if piece.token >= 0 {
          sparePieces.append(piece)
          continue
        }
        ranges.removeAll(keepingCapacity: true)
        try body(bytes, piece, &ranges)
        for range in ranges where !range.isEmpty {
          sparePieces.append(
            Piece(
              start: range.lowerBound, end: range.upperBound,
              base: base(range.lowerBound, piece)))
        }
      }
    }
    swap(&pieces, &sparePieces)
  }

  /// Splits at the scalars for which `isMatch` is true.
  @inline(__always)
  mutating func split(
    _ behavior: SplitBehavior, _ isMatch: (UInt32) -> Bool
  ) throws(TokenizerError) {
    var found: [TextPattern.Part] = []
    swap(&found, &parts)
    defer { swap(&found, &parts) }
    try split { bytes, piece, ranges throws(TokenizerError) in
      found.removeAll(keepingCapacity: true)
      var last = piece.start
      var index = piece.start
      while index < piece.end {
        let (scalar, length) = UTF8Text.scalar(bytes, index)
        if isMatch(scalar) {
          if last < index { found.append(.init(start: last, end: index, isMatch: false)) }
          found.append(.init(start: index, end: index + length, isMatch: true))
          last = index + length
        }
        index += length
      }
      if last < piece.end { found.append(.init(start: last, end: piece.end, isMatch: false)) }
      behavior.ranges(of: found, into: &ranges)
    }
  }

  /// Splits with a pattern, each piece for itself.
  mutating func split(
    _ pattern: TextPattern, _ behavior: SplitBehavior, invert: Bool
  ) throws(TokenizerError) {
    var found: [TextPattern.Part] = []
    swap(&found, &parts)
    defer { swap(&found, &parts) }
    try split { bytes, piece, ranges throws(TokenizerError) in
      found.removeAll(keepingCapacity: true)
      let slice = UnsafeBufferPointer(rebasing: bytes[piece.start..<piece.end])
      try pattern.parts(of: slice, into: &found)
      for index in found.indices {
        found[index].start += piece.start
        found[index].end += piece.start
        if invert { found[index].isMatch.toggle() }
      }
      behavior.ranges(of: found, into: &ranges)
    }
  }

  /// Writes the text anew piece by piece: `body` appends the new text of a piece to the target.
  @inline(__always)
  mutating func rewrite(
    _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<Span>, Piece, inout AlignedText) ->
      Void
  ) {
    spare.removeAll()
    spare.isTracked = text.isTracked
    text.bytes.withUnsafeBufferPointer { bytes in
      text.spans.withUnsafeBufferPointer { spans in
        for index in pieces.indices {
          let start = spare.bytes.count
          if pieces[index].token >= 0 {
            spare.append(text, pieces[index].start..<pieces[index].end)
          } else {
            body(bytes, spans, pieces[index], &spare)
          }
          pieces[index].start = start
          pieces[index].end = spare.bytes.count
        }
      }
    }
    swap(&text, &spare)
  }
}
