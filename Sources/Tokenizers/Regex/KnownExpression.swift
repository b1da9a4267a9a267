/// The splitting expressions of the common byte-level tokenizers, matched by hand.
///
/// Each of them matches at least one character at every position.
enum KnownExpression: Sendable {
  /// GPT-2, RoBERTa and others.
  case gpt2
  /// GPT-4 and Llama 3 (numbers of up to three digits), Qwen 2 (one digit).
  case cl100k(digits: Int)

  static let gpt2Text =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  private static func cl100kText(_ numbers: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  init?(_ text: String) {
    switch text {
    case Self.gpt2Text: self = .gpt2
    case Self.cl100kText(#"\p{N}{1,3}"#): self = .cl100k(digits: 3)
    case Self.cl100kText(#"\p{N}"#): self = .cl100k(digits: 1)
    default: return nil
    }
  }

  /// The end of the match that begins at `start`, which is before the end of `text`.
  @inline(__always)
  func match(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    switch self {
    case .gpt2: Self.gpt2(text, start)
    case .cl100k(let digits): Self.cl100k(text, start, digits)
    }
  }

  private enum Kind { case letter, number, space, other }

  @inline(__always)
  private static func next(
    _ text: UnsafeBufferPointer<UInt8>, _ index: Int
  ) -> (kind: Kind, length: Int) {
    let (scalar, length) = UTF8Text.scalar(text, index)
    if scalar < 0x80 {
      if (scalar | 0x20) &- 97 < 26 { return (.letter, 1) }
      if scalar &- 48 < 10 { return (.number, 1) }
      return (scalar == 0x20 || scalar &- 9 < 5 ? .space : .other, 1)
    }
    let kind = UnicodeTables.shared.kind(scalar)
    return (
      kind.isLetter
        ? .letter : kind.isNumber ? .number : kind.isExpressionSpace ? .space : .other, length
    )
  }

  /// The end of a run of one kind.
  @inline(__always)
  private static func run(
    _ kind: Kind, _ text: UnsafeBufferPointer<UInt8>, _ start: Int
  ) -> Int {
    var index = start
    while index < text.count {
      let (found, length) = next(text, index)
      if found != kind { break }
      index += length
    }
    return index
  }

  private static func gpt2(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let first = text[start]
    if first == UInt8(ascii: "'"), let end = contraction(text, start, ignoresCase: false) {
      return end
    }
    var index = start
    if first == 0x20, start + 1 < text.count { index += 1 }
    let (kind, length) = next(text, index)
    if kind != .space { return run(kind, text, index + length) }
    return spaces(text, start)
  }

  private static func cl100k(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ digits: Int
  ) -> Int {
    let first = text[start]
    if first == UInt8(ascii: "'"), let end = contraction(text, start, ignoresCase: true) {
      return end
    }
    let (kind, length) = next(text, start)
    let second = start + length
    switch kind {
    case .letter: return run(.letter, text, second)
    case .number:
      var index = second
      for _ in 1..<max(digits, 1) where index < text.count {
        let (kind, length) = next(text, index)
        if kind != .number { break }
        index += length
      }
      return index
    case .space, .other: break
    }
    let isLineBreak = first == 0x0A || first == 0x0D
    if !isLineBreak, second < text.count {
      let (kind, length) = next(text, second)
      if kind == .letter { return run(.letter, text, second + length) }
      if first == 0x20, kind == .other {
        return lineBreaks(text, run(.other, text, second + length))
      }
    }
    if kind == .other { return lineBreaks(text, run(.other, text, second)) }
    // \s*[\r\n]+ takes the run of spaces up to its last line break.
    let end = run(.space, text, start)
    var index = end
    while index > start {
      if text[index - 1] == 0x0A || text[index - 1] == 0x0D { return index }
      index -= 1
    }
    return spaces(text, start)
  }

  private static func lineBreaks(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var index = start
    while index < text.count, text[index] == 0x0A || text[index] == 0x0D { index += 1 }
    return index
  }

  /// `\s+(?!\S)|\s+`: all spaces at the end of the text, else all but the last of several.
  private static func spaces(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let end = run(.space, text, start)
    if end == text.count { return end }
    let last = end - UTF8Text.scalar(text, before: end).length
    return last > start ? last : end
  }

  private static func contraction(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, ignoresCase: Bool
  ) -> Int? {
    guard start + 1 < text.count else { return nil }
    func letter(_ index: Int) -> UInt8 {
      guard index < text.count else { return 0 }
      return ignoresCase && text[index] &- 65 < 26 ? text[index] | 0x20 : text[index]
    }
    switch (letter(start + 1), letter(start + 2)) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _),
      (UInt8(ascii: "d"), _):
      return start + 2
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 3
    case (0xC5, 0xBF) where ignoresCase:
      // The long s is an s to an expression that ignores case.
      return start + 3
    default: return nil
    }
  }
}
