// Where the reader is, and the way to what comes next.

extension YAMLReader {
  /// The line at the position, from 1.
  var line: Int { bytes[..<min(position, bytes.count)].count { $0 == UInt8(ascii: "\n") } + 1 }

  /// How many bytes of the line stand before the position.
  var column: Int {
    let start = bytes[..<position].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return position - start
  }

  /// Whether nothing of the line stands before the position.
  var isLineStart: Bool { position == 0 || bytes[position - 1] == UInt8(ascii: "\n") }

  func failure(_ message: String) -> YAMLError { YAMLError(message: message, line: line) }

  func starts(with text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes[position...].starts(with: $0) }
  }

  /// Whether there is a blank, or the end of a line or of all.
  func isBlank(at place: Int) -> Bool {
    place >= bytes.count || [0x20, 0x09, 0x0A].contains(bytes[place])
  }

  /// Whether nothing but a comment follows on the line.
  var isLineEnd: Bool {
    position >= bytes.count || bytes[position] == UInt8(ascii: "\n")
      || (bytes[position] == UInt8(ascii: "#") && position > 0 && isBlank(at: position - 1))
  }

  func trimmed(_ range: Range<Int>) -> String {
    var part = bytes[range]
    while let last = part.last, last == 0x20 || last == 0x09 { part.removeLast() }
    part = part.drop { $0 == 0x20 || $0 == 0x09 }
    return String(decoding: part, as: UTF8.self)
  }

  /// Over blanks on a line.
  mutating func skipSpaces() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
      position += 1
    }
  }

  /// To the next line.
  mutating func skipLine() {
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
    if position < bytes.count { position += 1 }
  }

  /// Over blanks, comments and the ends of lines.
  ///
  /// - Throws: ``YAMLError`` for a line that is indented with tabs.
  mutating func skipBlank() throws(YAMLError) {
    while position < bytes.count {
      let start = position
      let isLineStart = isLineStart
      skipSpaces()
      if position == bytes.count { return }
      if bytes[position] == UInt8(ascii: "\n") {
        position += 1
      } else if isLineEnd || (isLineStart && starts(with: "#")) {
        skipLine()
      } else {
        if isLineStart, bytes[start..<position].contains(0x09) {
          throw failure("the line is indented with a tab; use blanks")
        }
        return
      }
    }
  }
}
