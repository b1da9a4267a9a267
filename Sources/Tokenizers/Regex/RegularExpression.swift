/// A compiled regular expression of a tokenizer file.
struct RegularExpression: Sendable {
  let known: KnownExpression?
  let program: ExpressionProgram

  init(_ text: String) throws(TokenizerError) {
    known = KnownExpression(text)
    program = try ExpressionCompiler.compile(text)
  }
}

/// Finds the matches of an expression in a text from left to right.
struct ExpressionSearch {
  private let expression: RegularExpression
  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var lastEnd = -1
  private var matcher: ExpressionMatcher

  init(_ expression: RegularExpression, _ text: UnsafeBufferPointer<UInt8>) {
    self.expression = expression
    self.text = text
    matcher = ExpressionMatcher(expression.program, text)
  }

  /// The next match; an empty one right behind the last match does not count.
  mutating func next() throws(TokenizerError) -> Range<Int>? {
    if let known = expression.known {
      guard position < text.count else { return nil }
      let start = position
      position = known.match(text, start)
      return start..<position
    }
    while position <= text.count {
      var start = position
      while start <= text.count {
        if let end = try matcher.match(at: start) {
          if end == start {
            position = start < text.count ? start + UTF8Text.length(text[start]) : start + 1
            if end == lastEnd { break }
          } else {
            position = end
          }
          lastEnd = end
          return start..<end
        }
        start += start < text.count ? UTF8Text.length(text[start]) : 1
      }
      if start > text.count {
        position = start
        return nil
      }
    }
    return nil
  }
}
