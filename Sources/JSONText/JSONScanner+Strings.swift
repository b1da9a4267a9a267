extension JSONScanner {
  @inlinable
  public mutating func string() throws(Failure) -> String {
    try expect("\"")
    let start = position
    try skipPlain()
    if current == UInt8(ascii: "\"") {
      let text = try decoded(bytes[start..<position])
      position += 1
      return text
    }
    position = start - 1
    var text: [UInt8] = []
    try appendString(to: &text)
    return try decoded(text)
  }

  /// Appends the bytes of the next string to `text`.
  @inlinable
  public mutating func appendString(to text: inout [UInt8]) throws(Failure) {
    try expect("\"")
    while true {
      let start = position
      try skipPlain()
      text.append(contentsOf: bytes[start..<position])
      position += 1
      if bytes[position - 1] == UInt8(ascii: "\"") { return }
      try appendEscape(to: &text)
    }
  }

  @inlinable
  public func decoded(_ bytes: some Collection<UInt8>) throws(Failure) -> String {
    if rules.isLenient { return String(decoding: bytes, as: UTF8.self) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw failure("a string is not valid UTF-8")
    }
    return text
  }

  /// Goes to the next quote or backslash.
  @inlinable
  public mutating func skipPlain() throws(Failure) {
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      if byte < 0x20, !rules.isLenient { throw failure("a control character in a string") }
      position += 1
    }
    throw failure("a string has no end")
  }

  @inlinable
  public mutating func skipString() throws(Failure) {
    position += 1
    while let byte = current {
      position += 1
      if byte == UInt8(ascii: "\"") { return }
      if byte == UInt8(ascii: "\\") { position += 1 }
    }
    throw failure("a string has no end")
  }

  @inlinable
  public mutating func appendEscape(to text: inout [UInt8]) throws(Failure) {
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
      if !rules.isLenient, String(validating: units, as: UTF16.self) == nil {
        throw failure("half of a surrogate pair")
      }
      text.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
    default: throw failure("a string has an unknown escape")
    }
  }

  @inlinable
  public mutating func codeUnit() throws(Failure) -> UInt16 {
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
