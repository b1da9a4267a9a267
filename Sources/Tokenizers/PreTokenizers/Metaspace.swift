/// SentencePiece's way with spaces: they become a visible character that begins a word.
struct Metaspace: Sendable {
  enum Prepending: String, Sendable {
    case first, never, always
  }

  var replacement: UInt32
  var prepending: Prepending
  var splits: Bool

  func apply(_ text: inout PieceText) throws(TokenizerError) {
    var mark: [UInt8] = []
    UTF8Text.append(replacement, to: &mark)
    text.rewrite { bytes, spans, piece, target in
      let startsWithMark =
        bytes[piece.start] == 0x20
        || (piece.end - piece.start >= mark.count
          && mark.indices.allSatisfy { bytes[piece.start + $0] == mark[$0] })
      let span = target.isTracked ? spans[piece.start] : Span(start: 0, end: 0)
      switch prepending {
      case .always where !startsWithMark, .first where !startsWithMark && piece.base == 0:
        target.append(replacement, span)
      default: break
      }
      for index in piece.start..<piece.end {
        if bytes[index] == 0x20 {
          target.append(replacement, target.isTracked ? spans[index] : span)
        } else {
          target.bytes.append(bytes[index])
          if target.isTracked { target.spans.append(spans[index]) }
        }
      }
    }
    guard splits else { return }
    try text.split { bytes, piece, ranges throws(TokenizerError) in
      var start = piece.start
      var index = piece.start
      // Each mark begins a piece.
      while index < piece.end {
        if bytes[index] == mark[0], index + mark.count <= piece.end,
          mark.indices.allSatisfy({ bytes[index + $0] == mark[$0] })
        {
          if start < index { ranges.append(start..<index) }
          start = index
          index += mark.count
        } else {
          index += 1
        }
      }
      if start < piece.end { ranges.append(start..<piece.end) }
    }
  }
}
