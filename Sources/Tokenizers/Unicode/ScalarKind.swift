/// The properties of a Unicode scalar, one bit each, and its general category.
struct ScalarKind: RawRepresentable, Sendable {
  let rawValue: UInt16

  @inline(__always)
  init(rawValue: UInt16) { self.rawValue = rawValue }

  @inline(__always)
  private func has(_ bit: UInt16) -> Bool { rawValue & (1 << (bit + 5)) != 0 }

  /// White space in the sense of Unicode's property.
  @inline(__always) var isWhitespace: Bool { has(0) }
  /// Punctuation in the sense of BERT: Unicode's and all ASCII symbols.
  @inline(__always) var isPunctuation: Bool { has(1) }
  /// Removed by BERT's cleaning: controls, unassigned, private.
  @inline(__always) var isRemovedByCleaning: Bool { has(2) }
  /// A non-spacing mark (Mn) of the category table that BERT uses.
  @inline(__always) var isNonspacingMark: Bool { has(3) }
  /// Any mark (M) of the normalisation table.
  @inline(__always) var isMark: Bool { has(4) }
  /// A number (N).
  @inline(__always) var isNumeric: Bool { has(5) }
  /// `\w` of the pre-tokenizers and of single-word tokens.
  @inline(__always) var isWord: Bool { has(6) }
  /// `\s` of regular expressions.
  @inline(__always) var isExpressionSpace: Bool { has(7) }
  /// `\w` of regular expressions.
  @inline(__always) var isExpressionWord: Bool { has(8) }

  /// The general category, a number into ``GeneralCategory/names``.
  @inline(__always) var category: UInt8 { UInt8(rawValue & 0x1F) }
  /// `\p{L}` of regular expressions.
  @inline(__always) var isLetter: Bool { 5...9 ~= category }
  /// `\p{N}` of regular expressions.
  @inline(__always) var isNumber: Bool { 13...15 ~= category }
}

/// General categories in the order of the generated table.
enum GeneralCategory {
  static let names = [
    "Cn", "Cc", "Cf", "Co", "Cs", "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl",
    "No", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs",
  ]

  /// A bit for each category whose name begins with `prefix`; nil when none does.
  static func mask(_ prefix: String) -> UInt32? {
    var mask: UInt32 = 0
    for (index, name) in names.enumerated() where name.hasPrefix(prefix) { mask |= 1 << index }
    return mask == 0 || prefix.isEmpty ? nil : mask
  }
}
