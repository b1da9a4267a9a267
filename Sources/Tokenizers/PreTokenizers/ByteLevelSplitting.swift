/// GPT-2's pre-tokenizer: split with its expression, then write bytes as printable characters.
enum ByteLevelSplitting {
  static func apply(
    _ text: inout PieceText, addPrefixSpace: Bool, usesExpression: Bool
  ) throws(TokenizerError) {
    if addPrefixSpace {
      text.rewrite { bytes, spans, piece, target in
        if bytes[piece.start] != 0x20 {
          target.append(0x20, target.isTracked ? spans[piece.start] : Span(start: 0, end: 0))
        }
        target.bytes.append(
          contentsOf: UnsafeBufferPointer(rebasing: bytes[piece.start..<piece.end]))
        if target.isTracked { target.spans.append(contentsOf: spans[piece.start..<piece.end]) }
      }
    }
    if usesExpression {
      try text.split { bytes, piece, ranges throws(TokenizerError) in
        let slice = UnsafeBufferPointer(rebasing: bytes[..<piece.end])
        var index = piece.start
        while index < piece.end {
          let end = KnownExpression.gpt2.match(slice, index)
          ranges.append(index..<end)
          index = end
        }
      }
    }
    let alphabet = ByteAlphabet.encoded
    alphabet.withUnsafeBufferPointer { alphabet in
      text.rewrite { bytes, spans, piece, target in
        for index in piece.start..<piece.end {
          let (first, second) = alphabet[Int(bytes[index])]
          target.bytes.append(first)
          if second != 0 { target.bytes.append(second) }
          if target.isTracked {
            target.spans.append(spans[index])
            if second != 0 { target.spans.append(spans[index]) }
          }
        }
      }
    }
  }
}
