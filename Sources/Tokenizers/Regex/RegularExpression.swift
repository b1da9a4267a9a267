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
      guard let found = try search() else {
        position = text.count + 1
        return nil
      }
      if found.isEmpty, found.upperBound == lastEnd {
        position += position < text.count ? UTF8Text.length(text[position]) : 1
        continue
      }
      position = found.upperBound
      lastEnd = position
      return found
    }
    return nil
  }

  /// The first match from `position` on.
  private mutating func search() throws(TokenizerError) -> Range<Int>? {
    matcher.searchStart = position
    var start = position
    while start <= text.count {
      if let found = try matcher.match(at: start) { return found }
      start += start < text.count ? UTF8Text.length(text[start]) : 1
    }
    return nil
  }
}
