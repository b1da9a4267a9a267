/// Reads JSON text piece by piece, so that arrays of numbers become tensors without a value for each
/// element. Text from outside may be anything: whatever is no JSON is refused with its position.
///
/// It throws the error of who uses it, and is compiled there: a call for each number would cost as much
/// as the number. Only this package sees the module; it is public all the same, since Swift 6.3 compiles
/// inlinable functions into other modules if they are public, and not if they are `package` (14 % of the
/// server's time for a request in JSON).
public struct JSONScanner<Failure: JSONFailure> {
  public let bytes: UnsafeRawBufferPointer
  public let rules: JSONRules
  public var position: Int
  public var depth: Int

  @inlinable
  public init(_ bytes: UnsafeRawBufferPointer, rules: JSONRules) {
    self.bytes = bytes
    self.rules = rules
    position = 0
    depth = 0
  }

  /// A scanner of the text in `range`, which this one skipped before.
  @inlinable
  public func scanner(of range: Range<Int>) -> Self {
    Self(UnsafeRawBufferPointer(rebasing: bytes[range]), rules: rules)
  }

  /// What was read since `start`.
  @inlinable
  public func text(from start: Int) -> String {
    String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// The number of bytes that have not been read.
  @inlinable
  public var remaining: Int { bytes.count - position }

  @inlinable
  public func failure(_ message: String) -> Failure { Failure(json: message, byte: position) }

  /// The next byte that is no white space, not consumed.
  @inlinable
  public mutating func peek() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case let byte: return byte
      }
    }
    return nil
  }

  /// Consumes `byte` if it comes next.
  @inlinable
  public mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  @inlinable
  public mutating func expect(_ byte: Unicode.Scalar) throws(Failure) {
    guard take(byte) else { throw failure("expected '\(byte)'") }
  }

  /// Makes sure that nothing follows.
  @inlinable
  public mutating func end() throws(Failure) {
    if peek() != nil { throw failure("text follows the value") }
  }

  /// Reads an object; `member` must consume the value of each of its members.
  @inlinable
  public mutating func object(
    _ member: (inout Self, String) throws(Failure) -> Void
  ) throws(Failure) {
    try descend("{")
    if !take("}") {
      repeat {
        let name = try string()
        try expect(":")
        try member(&self, name)
      } while take(",")
      try expect("}")
    }
    depth -= 1
  }

  /// Reads an array; `element` must consume each of its elements.
  @inlinable
  public mutating func array(
    _ element: (inout Self) throws(Failure) -> Void
  ) throws(Failure) {
    try descend("[")
    if !take("]") {
      repeat { try element(&self) } while take(",")
      try expect("]")
    }
    depth -= 1
  }

  @inlinable
  public mutating func descend(_ open: Unicode.Scalar) throws(Failure) {
    try expect(open)
    depth += 1
    if depth > rules.maximumDepth {
      throw failure("it nests more than \(rules.maximumDepth) levels deep")
    }
  }

  @inlinable
  public mutating func value() throws(Failure) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      var members: [(String, JSONValue)] = []
      try object { (reader, name) throws(Failure) in members.append((name, try reader.value())) }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { (reader) throws(Failure) in elements.append(try reader.value()) }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try boolean())
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    default:
      switch try number() {
      case .signed(let value): return .integer(value)
      case .unsigned(let value): return .unsigned(value)
      case .real(let value): return .number(value)
      }
    }
  }

  /// Passes over the next value; its text can be read later with ``scanner(of:)``.
  @inlinable
  @discardableResult
  public mutating func skip() throws(Failure) -> Range<Int> {
    let first = peek()
    let start = position
    switch first {
    case UInt8(ascii: "{"): try object { (reader, _) throws(Failure) in try reader.skip() }
    case UInt8(ascii: "["): try array { (reader) throws(Failure) in try reader.skip() }
    case UInt8(ascii: "\""): try skipString()
    case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try boolean()
    case UInt8(ascii: "n"): try word("null")
    default: try skipNumber()
    }
    return start..<position
  }

  /// Passes over a null, if one comes next.
  @inlinable
  public mutating func takeNull() throws(Failure) -> Bool {
    guard peek() == UInt8(ascii: "n") else { return false }
    try word("null")
    return true
  }

  @inlinable
  public mutating func boolean() throws(Failure) -> Bool {
    if peek() == UInt8(ascii: "t") {
      try word("true")
      return true
    }
    try word("false")
    return false
  }

  @inlinable
  public mutating func word(_ word: StaticString) throws(Failure) {
    guard takeWord(word) else { throw failure("expected \(word)") }
  }

  @inlinable
  public mutating func takeWord(_ word: StaticString) -> Bool {
    let expected = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes.count - position >= expected.count,
      bytes[position..<position + expected.count].elementsEqual(expected)
    else { return false }
    position += expected.count
    return true
  }

  @inlinable
  public var current: UInt8? { position < bytes.count ? bytes[position] : nil }
}
