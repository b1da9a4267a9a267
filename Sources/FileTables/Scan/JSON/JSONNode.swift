import JSONText

/// A JSON value whose numbers keep their text.
///
/// `JSONText` is for what this project writes itself; Spark's reader also takes single quotes and words
/// for numbers that are none, and gives numbers and objects back as text where a column is a string.
indirect enum JSONNode {
  case null
  case bool(Bool)
  case number(String)
  /// `NaN` and infinities without quotes.
  case word(String)
  case string(String)
  /// With the text of it as it stands in the line.
  case array([JSONNode], text: String)
  case object([(name: String, value: JSONNode)], text: String)

  /// The value at the beginning of a text; what follows it is not looked at, as Spark does not.
  ///
  /// - Returns: `nil` if there is nothing but blanks.
  /// - Throws: ``JSONError`` for what is no JSON.
  init?(_ text: UnsafeRawBufferPointer) throws(JSONError) {
    var reader = JSONNodeReader(text)
    if reader.peek() == nil { return nil }
    self = try reader.value()
  }

  /// The value as the text of a string column: Spark gives what is no string as it stands.
  var asText: String? {
    switch self {
    case .null: nil
    case .bool(let value): value ? "true" : "false"
    case .number(let text), .word(let text), .string(let text), .array(_, let text),
      .object(_, let text):
      text
    }
  }
}

/// Reads JSON as Spark's parser is set up by default.
private struct JSONNodeReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  private var depth = 0
  /// As Jackson's limit.
  private static let maximumDepth = 1000

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private func failure(_ message: String) -> JSONError { JSONError(json: message, byte: position) }

  mutating func peek() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case let byte: return byte
      }
    }
    return nil
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func value() throws(JSONError) -> JSONNode {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.maximumDepth { throw failure("it nests more than 1000 levels deep") }
    guard let byte = peek() else { throw failure("expected a value") }
    switch byte {
    case UInt8(ascii: "{"):
      let start = position
      position += 1
      var members: [(name: String, value: JSONNode)] = []
      if take("}") { return .object(members, text: text(start)) }
      repeat {
        guard let quote = peek(), quote == 0x22 || quote == 0x27 else {
          throw failure("expected a name in quotes")
        }
        let name = try string()
        guard take(":") else { throw failure("expected ':'") }
        members.append((name, try value()))
      } while take(",")
      guard take("}") else { throw failure("expected ',' or '}'") }
      return .object(members, text: text(start))
    case UInt8(ascii: "["):
      let start = position
      position += 1
      var elements: [JSONNode] = []
      if take("]") { return .array(elements, text: text(start)) }
      repeat { elements.append(try value()) } while take(",")
      guard take("]") else { throw failure("expected ',' or ']'") }
      return .array(elements, text: text(start))
    case 0x22, 0x27: return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: return try word()
    }
  }

  private func text(_ start: Int) -> String {
    String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private static let words: [(String, JSONNode)] = [
    ("true", .bool(true)), ("false", .bool(false)), ("null", .null), ("NaN", .word("NaN")),
    ("Infinity", .word("Infinity")), ("-Infinity", .word("-Infinity")),
    ("-INF", .word("-Infinity")),
    ("+Infinity", .word("Infinity")), ("+INF", .word("Infinity")),
  ]

  private mutating func word() throws(JSONError) -> JSONNode {
    for (word, node) in Self.words where bytes[position...].starts(with: word.utf8) {
      let end = position + word.utf8.count
      if end < bytes.count, Self.isWordPart(bytes[end]) { continue }
      position = end
      return node
    }
    throw failure("expected a value")
  }

  private static func isWordPart(_ byte: UInt8) -> Bool {
    SparkTimes.isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F
      || byte >= 0x80
  }

  private mutating func number() throws(JSONError) -> JSONNode {
    let start = position
    if bytes[position] == UInt8(ascii: "-") {
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "I") {
        position = start
        return try word()
      }
    }
    let whole = digits()
    if whole == 0 { throw failure("expected a digit") }
    let first = bytes[position - whole]
    if whole > 1, first == UInt8(ascii: "0") { throw failure("a number begins with 0") }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      if digits() == 0 { throw failure("a number needs a digit behind its point") }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count, "+-".utf8.contains(bytes[position]) { position += 1 }
      if digits() == 0 { throw failure("a number needs an exponent behind e") }
    }
    if position < bytes.count, Self.isWordPart(bytes[position]) {
      throw failure("a number does not end")
    }
    return .number(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, SparkTimes.isDigit(bytes[position]) { position += 1 }
    return position - start
  }

  private mutating func string() throws(JSONError) -> String {
    let quote = bytes[position]
    position += 1
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case quote: return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(&text)
      case 0..<0x20: throw failure("a control character in a string")
      default: text.append(byte)
      }
    }
    throw failure("a string has no end")
  }

  private mutating func escape(_ text: inout [UInt8]) throws(JSONError) {
    guard position < bytes.count else { throw failure("a string has no end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "'"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), bytes[position...].starts(with: "\\u".utf8) {
        position += 2
        units.append(try codeUnit())
      }
      text += String(decoding: units, as: UTF16.self).utf8
    default: throw failure("a string has an unknown escape")
    }
  }

  private mutating func codeUnit() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard position < bytes.count, bytes[position] < 0x80,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      else { throw failure("\\u needs four hexadecimal digits") }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
