/// How much of a terminal's line a text takes.
package enum TextWidth {
  /// The columns that `text` takes: letters of East Asia take two, combining marks none.
  package static func of(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + width($1) }
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6:
      2
    default: scalar.properties.canonicalCombiningClass == .notReordered ? 1 : 0
    }
  }

  /// `text`, with its end replaced by three points if it takes more than `columns`.
  package static func cut(_ text: String, to columns: Int) -> String {
    guard of(text) > columns else { return text }
    let room = max(columns - 3, 0)
    var (kept, used) = ("", 0)
    for character in text {
      let width = of(String(character))
      if used + width > room { break }
      kept.append(character)
      used += width
    }
    return kept + String(repeating: ".", count: min(3, max(columns, 0)))
  }

  /// `text` in lines of at most `columns`, broken at blanks; a word that is longer has a line of its own.
  package static func wrapped(_ text: String, to columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      let longer = line.isEmpty ? String(word) : line + " " + word
      if line.isEmpty || of(longer) <= columns {
        line = longer
      } else {
        lines.append(line)
        line = String(word)
      }
    }
    return lines + [line]
  }
}
