/// BERT's basic cleaning: controls out, spaces around CJK, accents off, lower case.
struct BertNormalizer: Sendable {
  var cleanText: Bool
  var handleChinese: Bool
  var stripAccents: Bool
  var lowercase: Bool

  func apply(_ text: inout AlignedText, spare: inout AlignedText) {
    if text.bytes.allSatisfy({ 0x20 <= $0 && $0 < 0x7F }) {
      // Nothing but lower case can change printable ASCII.
      if lowercase { CaseFolding.lowercase(&text, spare: &spare) }
      return
    }
    let tables = UnicodeTables.shared
    if cleanText {
      text.filter(&spare) { $0 != 0 && $0 != 0xFFFD && !tables.kind($0).isRemovedByCleaning }
      text.map(&spare) { tables.kind($0).isWhitespace ? 0x20 : $0 }
    }
    if handleChinese { Self.isolateChinese(&text, spare: &spare) }
    if stripAccents {
      NormalizationForm.decomposed.apply(&text, spare: &spare)
      text.filter(&spare) { !tables.kind($0).isNonspacingMark }
    }
    if lowercase { CaseFolding.lowercase(&text, spare: &spare) }
  }

  private static func isolateChinese(_ text: inout AlignedText, spare: inout AlignedText) {
    text.rewrite(&spare) { source, rewriter, target in
      var index = 0
      while index < source.count {
        let (scalar, length) = UTF8Text.scalar(source, index)
        index += length
        if isChinese(scalar) {
          rewriter.emit(0x20, change: 0, to: &target)
          rewriter.emit(scalar, change: 1, to: &target)
          rewriter.emit(0x20, change: 1, to: &target)
        } else {
          rewriter.emit(scalar, change: 0, to: &target)
        }
      }
    }
  }

  /// The blocks that BERT's reference implementation calls Chinese.
  @inline(__always)
  private static func isChinese(_ scalar: UInt32) -> Bool {
    guard scalar >= 0x3400 else { return false }
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      return true
    default: return false
    }
  }
}
