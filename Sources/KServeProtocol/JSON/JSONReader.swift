/// Reads JSON text piece by piece, so that arrays of numbers become tensors without a value for each
/// element. Text from outside may be anything: whatever is no JSON is refused with its position.
struct JSONReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0
  private var depth = 0

  /// Deeper nesting is refused; recursion must not exhaust a small stack.
  private static let maximumDepth = 64

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// A reader of the text in `range`, which this one skipped before.
  func reader(of range: Range<Int>) -> JSONReader {
    JSONReader(UnsafeRawBufferPointer(rebasing: bytes[range]))
  }

  /// What was read since `start`.
  func text(from start: Int) -> String {
    String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// The number of bytes that have not been read.
  var remaining: Int { bytes.count - position }

  /// The error of damaged text, which Triton counts among the internal failures.
  func failure(_ message: String) -> KServeError {
    KServeError(.internal, "the JSON text is damaged at byte \(position): \(message)")
  }

  /// The next byte that is no white space, not consumed.
  mutating func peek() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case let byte: return byte
      }
    }
    return nil
  }

  /// Consumes `byte` if it comes next.
  mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ byte: Unicode.Scalar) throws(KServeError) {
    guard take(byte) else { throw failure("expected '\(byte)'") }
  }

  /// Makes sure that nothing follows.
  mutating func end() throws(KServeError) {
    if peek() != nil { throw failure("text follows the value") }
  }

  /// Reads an object; `member` must consume the value of each of its members.
  mutating func object(
    _ member: (inout JSONReader, String) throws(KServeError) -> Void
  ) throws(KServeError) {
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
  mutating func array(
    _ element: (inout JSONReader) throws(KServeError) -> Void
  ) throws(KServeError) {
    try descend("[")
    if !take("]") {
      repeat { try element(&self) } while take(",")
      try expect("]")
    }
    depth -= 1
  }

  private mutating func descend(_ open: Unicode.Scalar) throws(KServeError) {
    try expect(open)
    depth += 1
    if depth > Self.maximumDepth {
      throw failure("it nests more than \(Self.maximumDepth) levels deep")
    }
  }

  mutating func value() throws(KServeError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      var members: [(String, JSONValue)] = []
      try object { reader, name throws(KServeError) in members.append((name, try reader.value())) }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { reader throws(KServeError) in elements.append(try reader.value()) }
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

  /// Passes over the next value; its text can be read later with ``reader(of:)``.
  @discardableResult
  mutating func skip() throws(KServeError) -> Range<Int> {
    let first = peek()
    let start = position
    switch first {
    case UInt8(ascii: "{"): try object { reader, _ throws(KServeError) in try reader.skip() }
    case UInt8(ascii: "["): try array { reader throws(KServeError) in try reader.skip() }
    case UInt8(ascii: "\""): try skipString()
    case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try boolean()
    case UInt8(ascii: "n"): try word("null")
    default: try skipNumber()
    }
    return start..<position
  }

  /// Passes over a null, if one comes next: some senders write it for what the protocol lets them
  /// leave out.
  mutating func takeNull() throws(KServeError) -> Bool {
    guard peek() == UInt8(ascii: "n") else { return false }
    try word("null")
    return true
  }

  mutating func boolean() throws(KServeError) -> Bool {
    if peek() == UInt8(ascii: "t") {
      try word("true")
      return true
    }
    try word("false")
    return false
  }

  private mutating func word(_ word: StaticString) throws(KServeError) {
    guard takeWord(word) else { throw failure("expected \(word)") }
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let expected = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes.count - position >= expected.count,
      bytes[position..<position + expected.count].elementsEqual(expected)
    else { return false }
    position += expected.count
    return true
  }
}

extension JSONReader {
  /// A number as it is written: whole numbers keep all their digits.
  enum Number {
    case signed(Int64)
    case unsigned(UInt64)
    case real(Double)

    var double: Double {
      switch self {
      case .signed(let value): Double(value)
      case .unsigned(let value): Double(value)
      case .real(let value): value
      }
    }
  }

  mutating func number() throws(KServeError) -> Number {
    let decimal = try decimal()
    return try number(decimal)
  }

  /// A number as an integer type has it, however it is written (`3`, `3.0`, `30e-1`); `nil` if the type
  /// cannot hold it or it has a fraction, also one that a double would lose.
  mutating func integer<Integer: FixedWidthInteger>(
    _ type: Integer.Type
  ) throws(KServeError) -> Integer? {
    let decimal = try decimal()
    if decimal.special != nil { return nil }
    var (mantissa, exponent) = (decimal.mantissa, decimal.exponent)
    if !decimal.isExact {
      // Too many digits for a word, unless the last of them are zeros.
      var digits = bytes[decimal.start..<position].prefix { $0 | 0x20 != UInt8(ascii: "e") }
        .filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      while digits.last == UInt8(ascii: "0") {
        digits.removeLast()
        exponent += 1
      }
      guard let value = UInt64(String(decoding: digits, as: UTF8.self)) else { return nil }
      mantissa = value
    }
    if mantissa == 0 { return 0 }
    while exponent < 0 {
      guard mantissa.isMultiple(of: 10) else { return nil }
      mantissa /= 10
      exponent += 1
    }
    while exponent > 0 {
      let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      mantissa = product
      exponent -= 1
    }
    return decimal.isNegative
      ? Integer(exactly: -Int128(mantissa)) : Integer(exactly: mantissa)
  }

  /// A number as a tensor of `Float` has it: ``Number/double`` rounded, without the way over text that
  /// a double of many digits may take.
  mutating func float() throws(KServeError) -> Float {
    let decimal = try decimal()
    if let special = decimal.special { return Float(special) }
    if decimal.isExact, abs(decimal.exponent) < Self.powersOfTen.count {
      // Each of the two roundings is off by half a unit in the last place at most. That changes the
      // float only if the middle between two floats is as near.
      let magnitude = Self.scaled(decimal)
      let belowFloat = Int(truncatingIfNeeded: magnitude.bitPattern & 0x1FFF_FFFF)
      if magnitude >= 0x1p-126, magnitude < 0x1p127, abs(belowFloat - 0x1000_0000) > 4 {
        return Float(decimal.isNegative ? -magnitude : magnitude)
      }
    }
    return Float(try number(decimal).double)
  }

  /// A number's digits.
  private struct Decimal {
    var start = 0
    var isNegative = false
    var mantissa: UInt64 = 0
    var exponent = 0
    /// Whether ``mantissa`` has all digits.
    var isExact = true
    var isWhole = true
    /// The value of a word that stands for a number.
    var special: Double?
  }

  private mutating func decimal() throws(KServeError) -> Decimal {
    _ = peek()
    var decimal = Decimal(start: position, isNegative: current == UInt8(ascii: "-"))
    if decimal.isNegative { position += 1 }
    decimal.special = notANumber(isNegative: decimal.isNegative)
    if decimal.special != nil { return decimal }
    if takeDigits(&decimal.mantissa, &decimal.isExact) == 0 { throw failure("expected a value") }
    if current == UInt8(ascii: ".") {
      position += 1
      decimal.isWhole = false
      let fraction = takeDigits(&decimal.mantissa, &decimal.isExact)
      if fraction == 0 { throw failure("a number needs a digit behind its point") }
      decimal.exponent -= fraction
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      position += 1
      decimal.isWhole = false
      decimal.exponent += try takeExponent()
    }
    return decimal
  }

  private func number(_ decimal: Decimal) throws(KServeError) -> Number {
    if let special = decimal.special { return .real(special) }
    let mantissa = decimal.mantissa
    if decimal.isWhole, decimal.isExact {
      if !decimal.isNegative {
        return mantissa <= UInt64(Int64.max) ? .signed(Int64(mantissa)) : .unsigned(mantissa)
      }
      if mantissa <= UInt64(Int64.max) + 1, mantissa > 0 {
        return .signed(Int64(truncatingIfNeeded: 0 &- mantissa))
      }
    }
    // Both factors are exact doubles here, so that the one operation rounds correctly.
    if decimal.isExact, mantissa < 1 << 53, abs(decimal.exponent) < Self.powersOfTen.count {
      let value = Self.scaled(decimal)
      return .real(decimal.isNegative ? -value : value)
    }
    let text = String(decoding: bytes[decimal.start..<position], as: UTF8.self)
    guard let value = Double(text) else { throw failure("'\(text)' is no number") }
    return .real(value)
  }

  private static func scaled(_ decimal: Decimal) -> Double {
    let power = powersOfTen[abs(decimal.exponent)]
    return decimal.exponent < 0
      ? Double(decimal.mantissa) / power : Double(decimal.mantissa) * power
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Triton's words for values that JSON has none for.
  private mutating func notANumber(isNegative: Bool) -> Double? {
    switch current {
    case UInt8(ascii: "N"): takeWord("NaN") ? .nan : nil
    case UInt8(ascii: "I"):
      takeWord("Infinity") || takeWord("Inf") ? (isNegative ? -.infinity : .infinity) : nil
    default: nil
    }
  }

  private mutating func takeDigits(_ mantissa: inout UInt64, _ isExact: inout Bool) -> Int {
    let start = position
    while position < bytes.count {
      let digit = bytes[position] &- UInt8(ascii: "0")
      if digit > 9 { break }
      position += 1
      let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { isExact = false }
      mantissa = sum
    }
    return position - start
  }

  private mutating func takeExponent() throws(KServeError) -> Int {
    let isNegative = current == UInt8(ascii: "-")
    if isNegative || current == UInt8(ascii: "+") { position += 1 }
    var magnitude: UInt64 = 0
    var isExact = true
    if takeDigits(&magnitude, &isExact) == 0 {
      throw failure("a number needs an exponent behind e")
    }
    let bounded = isExact ? Int(min(magnitude, 1 << 20)) : 1 << 20
    return isNegative ? -bounded : bounded
  }

  private mutating func skipNumber() throws(KServeError) {
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        position += 1
        continue
      default: break
      }
      break
    }
    if position == start { throw failure("expected a value") }
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]
}

extension JSONReader {
  /// A string, or nothing for null.
  mutating func optionalString() throws(KServeError) -> String {
    try takeNull() ? "" : try string()
  }

  mutating func string() throws(KServeError) -> String {
    var text: [UInt8] = []
    try appendString(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the bytes of the next string to `text`.
  mutating func appendString(to text: inout [UInt8]) throws(KServeError) {
    try expect("\"")
    while true {
      let start = position
      while position < bytes.count, bytes[position] != UInt8(ascii: "\""),
        bytes[position] != UInt8(ascii: "\\")
      { position += 1 }
      text.append(contentsOf: bytes[start..<position])
      guard let byte = current else { throw failure("a string has no end") }
      position += 1
      if byte == UInt8(ascii: "\"") { return }
      try appendEscape(to: &text)
    }
  }

  private mutating func skipString() throws(KServeError) {
    position += 1
    while let byte = current {
      position += 1
      if byte == UInt8(ascii: "\"") { return }
      if byte == UInt8(ascii: "\\") { position += 1 }
    }
    throw failure("a string has no end")
  }

  private mutating func appendEscape(to text: inout [UInt8]) throws(KServeError) {
    guard let byte = current else { throw failure("a string has no end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), takeWord("\\u") { units.append(try codeUnit()) }
      text.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
    default: throw failure("a string has an unknown escape")
    }
  }

  private mutating func codeUnit() throws(KServeError) -> UInt16 {
    guard bytes.count - position >= 4 else { throw failure("a string has no end") }
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw failure("\\u needs four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
