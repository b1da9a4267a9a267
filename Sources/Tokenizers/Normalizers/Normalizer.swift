/// A step that changes the text before it is split.
indirect enum Normalizer: Sendable {
  case sequence([Normalizer])
  case bert(BertNormalizer)
  case unicode(NormalizationForm)
  case lowercase
  case strip(left: Bool, right: Bool)
  case stripAccents
  case replace(TextPattern, content: [UInt32])
  case prepend([UInt32])
  case precompiled(CharacterMap)
  case nmt
  case byteLevel

  /// Changes `text`; `spare` is memory to write into, with which it may be swapped.
  func apply(
    _ text: inout AlignedText, spare: inout AlignedText
  ) throws(TokenizerError) {
    switch self {
    case .sequence(let steps):
      for step in steps { try step.apply(&text, spare: &spare) }
    case .bert(let normalizer): normalizer.apply(&text, spare: &spare)
    case .unicode(let form): form.apply(&text, spare: &spare)
    case .lowercase: CaseFolding.lowercase(&text, spare: &spare)
    case .strip(let left, let right): Stripping.strip(&text, left: left, right: right)
    case .stripAccents:
      text.filter(&spare) { !UnicodeTables.shared.kind($0).isMark }
    case .replace(let pattern, let content):
      try pattern.replace(in: &text, with: content, spare: &spare)
    case .prepend(let prefix): text.prepend(prefix)
    case .precompiled(let map): map.apply(&text, spare: &spare)
    case .nmt:
      text.filter(&spare) { !NMTCleaning.isRemoved($0) }
      text.map(&spare) { NMTCleaning.isSpace($0) ? 0x20 : $0 }
    case .byteLevel: ByteAlphabet.apply(&text, spare: &spare)
    }
  }
}

/// The character lists of SentencePiece's `nmt` rule.
enum NMTCleaning {
  static func isRemoved(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
    default: false
    }
  }

  static func isSpace(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
      true
    default: false
    }
  }
}
