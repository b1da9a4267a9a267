import Testing

@testable import Tokenizers

/// Expressions of Oniguruma's syntax, with the pieces that tokenizers 0.23.3 cuts a text into
/// (`pre_tokenizers.Split(Regex(...), "isolated")`).
@Suite("Regular expressions") struct ExpressionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let expression: String
    let text: String
    let pieces: [String]

    init(_ expression: String, _ text: String, _ pieces: [String]) {
      self.expression = expression
      self.text = text
      self.pieces = pieces
    }

    var testDescription: String { expression }
  }

  static let cases = [
    Case(
      #"[\p{Han}]+|[^\p{Han}]+"#, "ab\u{6f22}\u{5b57}cd\u{4eee}\u{540d}",
      ["ab", "\u{6f22}\u{5b57}", "cd", "\u{4eee}\u{540d}"]),
    Case(
      #"[\p{Lo}&&[^\p{Han}]]+|\p{Han}+|."#, "\u{6f22}\u{5b57}\u{304b}\u{306a}\u{d55c}\u{ae00}ab",
      ["\u{6f22}\u{5b57}", "\u{304b}\u{306a}\u{d55c}\u{ae00}", "a", "b"]),
    Case(
      #"\p{Hiragana}+|\p{Katakana}+|\P{Hiragana}"#, "\u{304b}\u{306a}\u{30ab}\u{30ca}x",
      ["\u{304b}\u{306a}", "\u{30ab}\u{30ca}", "x"]),
    Case(#"\p{Latin}+|\p{Cyrillic}+|."#, "ab\u{433}\u{434}12", ["ab", "\u{433}\u{434}", "1", "2"]),
    Case(#"\p{InCJK_Unified_Ideographs}+|\S"#, "\u{6f22}\u{5b57}a", ["\u{6f22}\u{5b57}", "a"]),
    Case(#"[[:alpha:]]+|[[:^alpha:]]+"#, "ab12\u{e9}\u{df}!?", ["ab", "12", "\u{e9}\u{df}", "!?"]),
    Case(#"[[:upper:]][[:lower:]]*|."#, "AbcDEf", ["Abc", "D", "Ef"]),
    Case(
      #"[[:alnum:]]+|[[:punct:]]+|[[:graph:]]|[[:blank:]]"#, "a1_b+-$\u{9}\u{20ac}x \u{bd}\u{b2}",
      ["a1", "_", "b", "+-$", "\u{9}", "\u{20ac}", "x", " ", "\u{bd}", "\u{b2}"]),
    Case(
      #"[[:print:]]+|[[:cntrl:]]"#, "a\u{0}b c\u{200b}\u{e000}",
      ["a", "\u{0}", "b c\u{200b}\u{e000}"]),
    Case(
      #"\p{Emoji}+|\p{Alphabetic}+"#, "x\u{1f600}\u{2764}\u{fe0f}12\u{2167}a",
      ["x", "\u{1f600}\u{2764}", "\u{fe0f}", "12", "\u{2167}a"]),
    Case(
      #"\p{Extended_Pictographic}|\p{Emoji_Modifier}|."#, "\u{1f44d}\u{1f3fd}\u{260e}a",
      ["\u{1f44d}", "\u{1f3fd}", "\u{260e}", "a"]),
    Case(#"\p{^Greek}+|\p{Grek}"#, "ab\u{3b1}\u{3b2}", ["ab", "\u{3b1}", "\u{3b2}"]),
    Case("(?:){1000}{1000}{1000}a|.", "ab", ["a", "b"]),
    Case(#"(a|b)\1|."#, "aabbab", ["aa", "bb", "a", "b"]),
    Case(#"(?<q>['\"])[^'\"]*\k<q>|."#, "'a' \"b' c", ["'a'", " ", "\"", "b", "'", " ", "c"]),
    Case(#"(?i)(ab)\1|."#, "aBAbab", ["aBAb", "a", "b"]),
    Case(#"(?:(a)|b)*\1|."#, "aba bb", ["aba", " ", "b", "b"]),
    Case(#"(?=(\w))\1\1|."#, "aab", ["aa", "b"]),
    Case(#"(?<x>a)(b)\k<x>|."#, "aba", ["aba"]),
    Case(#"(\w)(\w)\k<-1>|."#, "abbab", ["abb", "a", "b"]),
    Case(#"\w+\K\s"#, "ab cd ef", ["ab", " ", "cd", " ", "ef"]),
    Case(#"a\Kb|c"#, "abcab", ["a", "b", "c", "a", "b"]),
    Case(#"(?=ab\K)a|b"#, "xabab", ["xa", "b", "a", "b"]),
    Case(#"(?<=b\Ka)c|b"#, "bac", ["b", "ac"]),
    Case(#"(?<=a\Kb)c"#, "abc", ["a", "bc"]),
    Case(#"(?!a\K)b|."#, "abb", ["a", "b", "b"]),
    Case(#"(?<n>\d{2})-\g<n>|."#, "12-34 5-6", ["12-34", " ", "5", "-", "6"]),
    Case(#"(a)\g<1>b|."#, "aabab", ["aab", "a", "b"]),
    Case(#"\G\d|[a-z]+"#, "12a3", ["1", "2", "a", "3"]),
    Case(#"\N+|\O"#, "ab\u{a}cd", ["ab", "\u{a}", "cd"]),
    Case(#"(a*)b\1|."#, "aabaab", ["aabaa", "b"]),
    Case(#"(?>(a+))b\1|."#, "aabaac", ["aabaa", "c"]),
    Case(#"(?!(a)b)\w\1?|."#, "acab", ["a", "c", "a", "b"]),
    Case(#"(?'q'a)\k'q'|."#, "aab", ["aa", "b"]),
    Case(#"(a)?b\1|."#, "bab aba", ["b", "a", "b", " ", "aba"]),
    Case(#"\K|a"#, "aba", ["a", "b", "a"]),
  ]

  @Test("Pieces are those of the reference", arguments: cases)
  func pieces(_ example: Case) throws {
    let pattern = TextPattern.expression(try RegularExpression(example.expression))
    var parts: [TextPattern.Part] = []
    let bytes = Array(example.text.utf8)
    try bytes.withUnsafeBufferPointer { buffer in try pattern.parts(of: buffer, into: &parts) }
    let pieces = parts.map { String(decoding: bytes[$0.start..<$0.end], as: UTF8.self) }
    #expect(pieces.filter { !$0.isEmpty } == example.pieces)
  }
}
