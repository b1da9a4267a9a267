/// A strict parser (RFC 8259) with bounded depth, for files of some tens of megabytes.
struct JSONParser {
  /// Deeper nesting than any tokenizer file has; a limit keeps hostile files off the stack.
  static let maximumDepth = 100

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  /// Parses a whole document.
  static func parse(_ bytes: [UInt8]) throws(TokenizerError) -> JSONValue {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, TokenizerError> in
      var parser = JSONParser(bytes: buffer)
      do throws(TokenizerError) {
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { parser.position = 3 }
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == buffer.count else {
          throw parser.failure("text follows the end of the document")
        }
        return .success(value)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private func failure(_ message: String) -> TokenizerError {
    TokenizerError(.invalidFile, "not valid JSON at byte \(position): \(message)")
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func expect(_ byte: UInt8) throws(TokenizerError) {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte else {
      throw failure("expected \"\(Unicode.Scalar(byte))\"")
    }
    position += 1
  }

  private mutating func keyword(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
    position += count
    return true
  }

  private mutating func value(depth: Int) throws(TokenizerError) -> JSONValue {
    guard depth < Self.maximumDepth else {
      throw failure("nested deeper than \(Self.maximumDepth) levels")
    }
    skipSpace()
    guard position < bytes.count else { throw failure("the document ends early") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "n") where keyword("null"): return .null
    case UInt8(ascii: "t") where keyword("true"): return .bool(true)
    case UInt8(ascii: "f") where keyword("false"): return .bool(false)
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws(TokenizerError) -> JSONValue {
    position += 1
    var members: [(key: String, value: JSONValue)] = []
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw failure("expected a key in quotes")
      }
      let key = try string()
      try expect(UInt8(ascii: ":"))
      members.append((key, try value(depth: depth + 1)))
      if try !another(before: UInt8(ascii: "}")) { return .object(members) }
    }
  }

  private mutating func array(depth: Int) throws(TokenizerError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      elements.append(try value(depth: depth + 1))
      if try !another(before: UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  /// Whether a comma follows (true) or the closing bracket (false).
  private mutating func another(before end: UInt8) throws(TokenizerError) -> Bool {
    skipSpace()
    guard position < bytes.count else { throw failure("the document ends early") }
    let byte = bytes[position]
    guard byte == UInt8(ascii: ",") || byte == end else {
      throw failure("expected \",\" or \"\(Unicode.Scalar(end))\"")
    }
    position += 1
    return byte != end
  }

  private mutating func number() throws(TokenizerError) -> JSONValue {
    let start = position
    var isInteger = true
    scan: while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): position += 1
      case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        isInteger = false
        position += 1
      default: break scan
      }
    }
    guard position > start, position - start < 400 else {
      throw failure(position == start ? "expected a value" : "a number of over 400 characters")
    }
    let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
    let string = String(decoding: text, as: UTF8.self)
    if isInteger, let integer = Int(string) { return .integer(integer) }
    guard Double(string) != nil, let real = JSONNumber.value(text) else {
      throw failure("\"\(string)\" is not a number in range")
    }
    return .real(real)
  }

  private mutating func string() throws(TokenizerError) -> String {
    position += 1
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let slice = UnsafeBufferPointer(rebasing: bytes[start..<position])
        guard let text = String(validating: slice, as: UTF8.self) else {
          throw failure("a string is not valid UTF-8")
        }
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      if byte < 0x20 { throw failure("a control character in a string") }
      position += 1
    }
    throw failure("a string does not end")
  }

  private mutating func escapedString(from start: Int) throws(TokenizerError) -> String {
    var buffer = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: buffer, as: UTF8.self) else {
          throw failure("a string is not valid UTF-8")
        }
        return text
      case UInt8(ascii: "\\"):
        try escape(into: &buffer)
      case 0..<0x20:
        throw failure("a control character in a string")
      default:
        buffer.append(byte)
      }
    }
    throw failure("a string does not end")
  }

  private mutating func escape(into buffer: inout [UInt8]) throws(TokenizerError) {
    guard position < bytes.count else { throw failure("a string does not end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0C)
    case UInt8(ascii: "n"): buffer.append(0x0A)
    case UInt8(ascii: "r"): buffer.append(0x0D)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code) {
        guard keyword("\\u") else { throw failure("half of a surrogate pair") }
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair") }
      buffer.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
    default:
      throw failure("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
    guard position + 4 <= bytes.count,
      let code = UInt32(
        String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
      bytes[position] != UInt8(ascii: "+")
    else { throw failure("expected four hexadecimal digits") }
    position += 4
    return code
  }
}
