/// A number's digits, of which its value is made in the form that is asked for.
///
/// What most numbers take is compiled into who reads them, as ``JSONScanner`` is; the rest stays here.
public struct JSONDecimal {
  /// The number as it stands in the text, which must stay where it is.
  public let text: UnsafeRawBufferPointer
  @usableFromInline let isNegative: Bool
  @usableFromInline let mantissa: UInt64
  @usableFromInline let exponent: Int
  /// Whether ``mantissa`` has all digits.
  @usableFromInline let isExact: Bool
  @usableFromInline let isWhole: Bool
  /// The value of a word that stands for a number.
  @usableFromInline let special: Double?

  /// Reads the number at `position`, which is moved behind it.
  ///
  /// - Parameter allowsWords: whether Triton's words for values that JSON has none for are taken.
  @inlinable
  public init(
    _ bytes: UnsafeRawBufferPointer, at position: inout Int, allowsWords: Bool
  ) throws(JSONError) {
    let start = position
    var digits = Digits(bytes: bytes, position: start)
    isNegative = digits.take(UInt8(ascii: "-"))
    special = allowsWords ? digits.takeWord(isNegative: isNegative) : nil
    var isWhole = true
    var exponent = 0
    if special == nil {
      if digits.takeAll() == 0 { throw digits.failure("expected a value") }
      if digits.take(UInt8(ascii: ".")) {
        isWhole = false
        exponent = -digits.takeAll()
        if exponent == 0 { throw digits.failure("a number needs a digit behind its point") }
      }
      if digits.take(UInt8(ascii: "e")) || digits.take(UInt8(ascii: "E")) {
        isWhole = false
        exponent += try digits.takeExponent()
      }
    }
    text = UnsafeRawBufferPointer(rebasing: bytes[start..<digits.position])
    mantissa = digits.value
    isExact = digits.isExact
    self.exponent = exponent
    self.isWhole = isWhole
    position = digits.position
  }

  /// The number as it is written; `nil` if it is beyond what the rules take.
  public func numeral(_ rules: JSONRules) -> JSONNumeral? {
    if let special { return .real(special) }
    if isWhole, isExact {
      if !isNegative {
        return mantissa <= UInt64(Int64.max) ? .signed(Int64(mantissa)) : .unsigned(mantissa)
      }
      if mantissa <= UInt64(Int64.max) + 1, mantissa > 0 {
        return .signed(Int64(truncatingIfNeeded: 0 &- mantissa))
      }
    }
    if let real = rules.real { return real(text).map { .real($0) } }
    // Both factors are exact doubles here, so that the one operation rounds correctly.
    if isExact, mantissa < 1 << 53, abs(exponent) < Self.powersOfTen.count {
      return .real(isNegative ? -scaled : scaled)
    }
    guard let value = Double(String(decoding: text, as: UTF8.self)),
      rules.isLenient || value.isFinite
    else { return nil }
    return .real(value)
  }

  /// The number if it is whole, whatever form it has; `nil` also beyond 64 bits.
  @inlinable
  public var whole: Int128? {
    if special != nil { return nil }
    return isWhole && isExact ? isNegative ? -Int128(mantissa) : Int128(mantissa) : shifted
  }

  /// The number if what its exponent and its point leave is whole and fits 64 bits.
  @usableFromInline var shifted: Int128? {
    var (mantissa, exponent) = (mantissa, exponent)
    if !isExact {
      // Too many digits for a word, unless the last of them are zeros.
      var digits = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
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
    return isNegative ? -Int128(mantissa) : Int128(mantissa)
  }

  /// The number rounded as its double would be; `nil` if that takes the double.
  @inlinable
  public var float: Float? {
    if let special { return Float(special) }
    guard isExact, abs(exponent) < Self.powersOfTen.count else { return nil }
    // Each of the two roundings is off by half a unit in the last place at most. That changes the
    // float only if the middle between two floats is as near.
    let magnitude = scaled
    let belowFloat = Int(truncatingIfNeeded: magnitude.bitPattern & 0x1FFF_FFFF)
    guard magnitude >= 0x1p-126, magnitude < 0x1p127, abs(belowFloat - 0x1000_0000) > 4 else {
      return nil
    }
    return Float(isNegative ? -magnitude : magnitude)
  }

  @inlinable
  var scaled: Double {
    let power = Self.powersOfTen[abs(exponent)]
    return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
  }

  @usableFromInline static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]
}

/// The digits at a place of the text, taken one after the other.
@usableFromInline
struct Digits {
  @usableFromInline let bytes: UnsafeRawBufferPointer
  @usableFromInline var position: Int
  @usableFromInline var value: UInt64 = 0
  @usableFromInline var isExact = true
  /// The number of digits taken.
  @usableFromInline var count = 0

  @inlinable
  init(bytes: UnsafeRawBufferPointer, position: Int) {
    self.bytes = bytes
    self.position = position
  }

  @usableFromInline
  func failure(_ message: String) -> JSONError { JSONError(json: message, byte: position) }

  @inlinable
  mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// Takes all digits that follow, and returns their number.
  @inlinable
  mutating func takeAll() -> Int {
    let start = position
    // Nineteen digits fit a word, whatever they are.
    let safe = min(bytes.count, position + max(0, 19 - count))
    while position < safe {
      let digit = bytes[position] &- UInt8(ascii: "0")
      if digit > 9 { break }
      position += 1
      value = value &* 10 &+ UInt64(digit)
    }
    if position == safe { takeRest() }
    count += position - start
    return position - start
  }

  /// Takes digits that a word may not hold.
  @usableFromInline
  mutating func takeRest() {
    while position < bytes.count {
      let digit = bytes[position] &- UInt8(ascii: "0")
      if digit > 9 { break }
      position += 1
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { isExact = false }
      value = sum
    }
  }

  @usableFromInline
  mutating func takeExponent() throws(JSONError) -> Int {
    let isNegative = take(UInt8(ascii: "-"))
    if !isNegative { _ = take(UInt8(ascii: "+")) }
    var digits = Digits(bytes: bytes, position: position)
    let count = digits.takeAll()
    position = digits.position
    if count == 0 { throw failure("a number needs an exponent behind e") }
    let bounded = digits.isExact ? Int(min(digits.value, 1 << 20)) : 1 << 20
    return isNegative ? -bounded : bounded
  }

  /// The value of Triton's words for values that JSON has none for.
  @inlinable
  mutating func takeWord(isNegative: Bool) -> Double? {
    guard position < bytes.count,
      bytes[position] == UInt8(ascii: "N") || bytes[position] == UInt8(ascii: "I")
    else { return nil }
    return findWord(isNegative: isNegative)
  }

  @usableFromInline
  mutating func findWord(isNegative: Bool) -> Double? {
    for (word, value) in Self.words where bytes.dropFirst(position).starts(with: word.utf8) {
      position += word.utf8.count
      return isNegative ? -value : value
    }
    return nil
  }

  private static let words = [
    ("NaN", Double.nan), ("Infinity", Double.infinity), ("Inf", Double.infinity),
  ]
}
