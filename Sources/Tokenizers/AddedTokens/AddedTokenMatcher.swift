/// Finds added tokens in a text: the leftmost, and of those the longest.
struct AddedTokenMatcher: Sendable {
  /// A part of the text and the added token that it is, or −1.
  struct Part {
    var start: Int
    var end: Int
    var token: Int32
  }

  private let trie: TokenTrie
  private let tokens: [(id: Int32, token: AddedToken)]
  /// Whether a token begins with a byte.
  private let isFirst: [Bool]

  /// - Parameter patterns: what to look for, not empty.
  init?(_ patterns: [(pattern: String, id: Int32, token: AddedToken)]) {
    if patterns.isEmpty { return nil }
    trie = TokenTrie(patterns.map(\.pattern))
    tokens = patterns.map { ($0.id, $0.token) }
    var isFirst = Array(repeating: false, count: 256)
    for (pattern, _, _) in patterns {
      if let byte = pattern.utf8.first { isFirst[Int(byte)] = true }
    }
    self.isFirst = isFirst
  }

  /// Whether some token may be in the text.
  @inline(__always)
  func mayMatch(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    isFirst.withUnsafeBufferPointer { isFirst in
      for byte in text where isFirst[Int(byte)] { return true }
      return false
    }
  }

  /// Appends parts that cover the text.
  func parts(of text: UnsafeBufferPointer<UInt8>, into parts: inout [Part]) {
    let tables = UnicodeTables.shared
    var last = 0
    var index = 0
    while index < text.count {
      guard isFirst[Int(text[index])] else {
        index += 1
        continue
      }
      var found = -1
      var stop = index
      trie.forEachPrefix(text, index) { end, token in
        stop = end
        found = Int(token)
      }
      if found < 0 {
        index += 1
        continue
      }
      var start = index
      index = stop
      let (id, token) = tokens[found]
      if token.isSingleWord {
        let touchesLeft =
          start > 0 && tables.kind(UTF8Text.scalar(text, before: start).value).isWord
        let touchesRight =
          stop < text.count && tables.kind(UTF8Text.scalar(text, stop).value).isWord
        if touchesLeft || touchesRight { continue }
      }
      if token.stripsLeft {
        while start > last {
          let (scalar, length) = UTF8Text.scalar(text, before: start)
          guard tables.kind(scalar).isWhitespace else { break }
          start -= length
        }
        start = max(start, last)
      }
      if token.stripsRight {
        while stop < text.count {
          let (scalar, length) = UTF8Text.scalar(text, stop)
          guard tables.kind(scalar).isWhitespace else { break }
          stop += length
        }
      }
      if last < start { parts.append(Part(start: last, end: start, token: -1)) }
      // White space that the token before has taken leaves nothing of one that is white space.
      if start < stop { parts.append(Part(start: start, end: stop, token: id)) }
      last = stop
    }
    if last < text.count { parts.append(Part(start: last, end: text.count, token: -1)) }
  }
}
