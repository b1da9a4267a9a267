// Texts: plain, between quotes, and in blocks.

extension YAMLReader {
  /// A text without quotes, of which each further line is indented by more than `indent`.
  mutating func plain(deeperThan indent: Int) throws(YAMLError) -> String {
    var text = plainLine()
    while true {
      let end = position
      var blankLines = -1
      while position < bytes.count, isLineEnd, bytes[position] == UInt8(ascii: "\n") {
        position += 1
        blankLines += 1
        skipSpaces()
      }
      guard position > end, position < bytes.count, column > indent, !starts(with: "#"),
        !isMarker("---"), !isMarker("...")
      else {
        position = end
        return text
      }
      let isTabbed = bytes[end..<position].contains(0x09)
      let line = plainLine()
      if hasKeyMark(line) {
        if isTabbed { throw failure("the line is indented with a tab; use blanks") }
        throw failure("a key stands in the middle of a text; put the text between quotes")
      }
      text += blankLines > 0 ? String(repeating: "\n", count: blankLines) : " "
      text += line
    }
  }

  /// The rest of a line, without blanks and a comment at its end.
  private mutating func plainLine() -> String {
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      if bytes[position] == UInt8(ascii: "#"), position > start, isBlank(at: position - 1) { break }
      position += 1
    }
    let text = trimmed(start..<position)
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
    return text
  }

  private func hasKeyMark(_ line: String) -> Bool {
    line.hasSuffix(":") || line.contains(": ")
  }

  // MARK: Between quotes

  mutating func quoted() throws(YAMLError) -> String {
    let quote = bytes[position]
    let isDouble = quote == UInt8(ascii: "\"")
    let start = position
    position += 1
    var text: [UInt8] = []
    // Up to here blanks before a line's end belong to the text.
    var kept = 0
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case quote where !isDouble && position < bytes.count && bytes[position] == quote:
        text.append(quote)
        position += 1
      case quote: return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\") where isDouble:
        if position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
          position += 1
          skipSpaces()
        } else {
          text += try escaped()
        }
        kept = text.count
      case UInt8(ascii: "\n"):
        while text.count > kept, text.last == 0x20 || text.last == 0x09 { text.removeLast() }
        skipSpaces()
        var blankLines = 0
        while position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
          blankLines += 1
          position += 1
          skipSpaces()
        }
        text += blankLines > 0 ? [UInt8](repeating: 0x0A, count: blankLines) : [0x20]
        kept = text.count
      default: text.append(byte)
      }
    }
    position = start
    throw failure("the quote is not closed")
  }

  /// What follows a backslash.
  private mutating func escaped() throws(YAMLError) -> [UInt8] {
    guard position < bytes.count else { throw failure("the text ends after a backslash") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "t"), 0x09: return [0x09]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "0"): return [0]
    case UInt8(ascii: "a"): return [7]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "v"): return [11]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "e"): return [27]
    case UInt8(ascii: "N"): return Array("\u{85}".utf8)
    case UInt8(ascii: "_"): return Array("\u{A0}".utf8)
    case UInt8(ascii: "L"): return Array("\u{2028}".utf8)
    case UInt8(ascii: "P"): return Array("\u{2029}".utf8)
    case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "/"), UInt8(ascii: "\\"):
      return [byte]
    case UInt8(ascii: "x"): return try codePoint(digits: 2)
    case UInt8(ascii: "u"):
      return try codePoint(digits: 4)
    case UInt8(ascii: "U"): return try codePoint(digits: 8)
    default: throw failure("there is no such escape")
    }
  }

  private mutating func codePoint(digits: Int) throws(YAMLError) -> [UInt8] {
    func value(at start: Int, _ digits: Int) -> UInt32? {
      guard start + digits <= bytes.count else { return nil }
      return UInt32(String(decoding: bytes[start..<start + digits], as: UTF8.self), radix: 16)
    }
    guard var code = value(at: position, digits) else { throw failure("there is no such escape") }
    position += digits
    // JSON writes characters beyond the first plane as two, and JSON is YAML.
    if digits == 4, (0xD800..<0xDC00).contains(code), starts(with: "\\u"),
      let low = value(at: position + 2, 4), (0xDC00..<0xE000).contains(low)
    {
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      position += 6
    }
    guard let scalar = Unicode.Scalar(code) else { throw failure("there is no such character") }
    return Array(String(Character(scalar)).utf8)
  }

  // MARK: In blocks

  /// The lines below `|` or `>`, which are indented by more than `indent`.
  mutating func blockText(_ indent: Int) throws(YAMLError) -> String {
    let isFolded = bytes[position] == UInt8(ascii: ">")
    position += 1
    var keeps = true
    var keepsAll = false
    var margin: Int?
    while position < bytes.count, !isBlank(at: position) {
      switch bytes[position] {
      case UInt8(ascii: "-"): keeps = false
      case UInt8(ascii: "+"): keepsAll = true
      case UInt8(ascii: "1")...UInt8(ascii: "9"):
        margin = max(indent, 0) + Int(bytes[position] - UInt8(ascii: "0"))
      default: throw failure("'|' or '>' is followed by something else than -, + or a digit")
      }
      position += 1
    }
    skipSpaces()
    guard isLineEnd else { throw failure("something follows '|' or '>' on its line") }
    skipLine()
    var lines: [String] = []
    while position < bytes.count {
      let start = position
      var spaces = 0
      while position < bytes.count, bytes[position] == 0x20 {
        position += 1
        spaces += 1
      }
      let isEmpty = position == bytes.count || bytes[position] == UInt8(ascii: "\n")
      if !isEmpty, spaces <= indent || spaces < margin ?? 0 {
        position = start
        break
      }
      if !isEmpty, margin == nil { margin = spaces }
      while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      let from = min(start + (margin ?? spaces), position)
      lines.append(String(decoding: bytes[from..<position], as: UTF8.self))
      if position < bytes.count { position += 1 }
    }
    var emptyAtEnd = 0
    while lines.last?.isEmpty == true {
      lines.removeLast()
      emptyAtEnd += 1
    }
    var text = isFolded ? Self.folded(lines) : lines.joined(separator: "\n")
    if keeps, !lines.isEmpty { text += "\n" }
    if keepsAll { text += String(repeating: "\n", count: emptyAtEnd) }
    return text
  }

  /// Lines as one, but for those that are indented further and those that blank lines keep apart.
  private static func folded(_ lines: [String]) -> String {
    var text = ""
    var blankLines = 0
    var previous: String?
    for line in lines {
      if line.isEmpty {
        blankLines += 1
        continue
      }
      if let before = previous {
        let isKept = line.hasPrefix(" ") || before.hasPrefix(" ")
        let ends = isKept ? blankLines + 1 : blankLines
        text += ends > 0 ? String(repeating: "\n", count: ends) : " "
      } else {
        text += String(repeating: "\n", count: blankLines)
      }
      text += line
      previous = line
      blankLines = 0
    }
    return text
  }
}
