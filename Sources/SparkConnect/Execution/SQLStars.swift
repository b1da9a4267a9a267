/// The stars in an expression of SQL that stand for all columns: `struct(*)`, not `a * b` or `s.*`.
enum SQLStars {
  /// `sql` with columns in their place, which are written as SQL has them. That of `count(*)` stays, which counts rows.
  static func expanded(_ sql: String, _ columns: [String]) -> String {
    guard sql.utf8.contains(UInt8(ascii: "*")) else { return sql }
    let columns = columns.joined(separator: ", ").unicodeScalars
    let text = Array(sql.unicodeScalars)
    var result = String.UnicodeScalarView()
    /// The words and marks before the place, without blanks.
    var before: [String] = []
    var index = 0
    while index < text.count {
      let end = endOfToken(text, at: index)
      let token = String(String.UnicodeScalarView(text[index..<end]))
      if token == "*", isStar(after: before) {
        result.append(contentsOf: columns)
      } else {
        result.append(contentsOf: text[index..<end])
      }
      if !token.isBlankOrComment { before.append(token.lowercased()) }
      index = end
    }
    return String(result)
  }

  private static func isStar(after before: [String]) -> Bool {
    switch before.last {
    case "(": before.dropLast().last != "count"
    case nil, ",", "distinct": true
    default: false
    }
  }

  /// Where the word, number, text, comment or mark ends that begins at `start`.
  private static func endOfToken(_ text: [Unicode.Scalar], at start: Int) -> Int {
    let first = text[start]
    let next = start + 1 < text.count ? text[start + 1] : " "
    switch (first, next) {
    case ("'", _), ("\"", _), ("`", _): return endOfQuote(text, at: start)
    case ("-", "-"): return text[start...].firstIndex { $0 == "\n" } ?? text.count
    case ("/", "*"):
      var end = start + 4
      while end <= text.count {
        if text[end - 2] == "*", text[end - 1] == "/" { return end }
        end += 1
      }
      return text.count
    default:
      guard first.isOfWord else { return start + 1 }
      return text[start...].firstIndex { !$0.isOfWord } ?? text.count
    }
  }

  /// In texts a backslash stands before what does not end them; a mark that is doubled begins another text.
  private static func endOfQuote(_ text: [Unicode.Scalar], at start: Int) -> Int {
    var index = start + 1
    while index < text.count, text[index] != text[start] {
      index += text[index] == "\\" && text[start] != "`" ? 2 : 1
    }
    return min(index + 1, text.count)
  }
}

extension Unicode.Scalar {
  fileprivate var isOfWord: Bool { self == "_" || properties.isAlphabetic || ("0"..."9") ~= self }
}

extension String {
  /// Of what an expression is made, this does not count.
  fileprivate var isBlankOrComment: Bool {
    hasPrefix("--") || hasPrefix("/*") || unicodeScalars.allSatisfy { $0.properties.isWhitespace }
  }
}
