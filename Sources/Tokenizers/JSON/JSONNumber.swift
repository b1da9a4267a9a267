/// Decimal numbers, rounded as the reference library's JSON reader rounds them.
///
/// It multiplies or divides the digits, as an integer of 64 bits, by a power of ten, so its results
/// can be one unit in the last place off the nearest number. Unigram scores must have the same
/// error: ties between ways to split a text are decided by it.
enum JSONNumber {
  private static let powers: [Double] = (0...308).map { Double("1e\($0)") ?? .infinity }

  /// The value of a number in JSON's syntax; nil when it is too large.
  static func value(_ text: UnsafeRawBufferPointer) -> Double? {
    var digits: UInt64 = 0
    var exponent = 0
    var isFraction = false
    var isFull = false
    var index = 0
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative { index = 1 }
    scan: while index < text.count {
      switch text[index] {
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"): break scan
      default:
        let digit = UInt64(text[index] &- 48)
        let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(digit)
        // Digits beyond 64 bits only count for the size.
        if isFull || overflow || carry {
          isFull = true
          if !isFraction { exponent += 1 }
        } else {
          digits = sum
          if isFraction { exponent -= 1 }
        }
      }
      index += 1
    }
    if index < text.count {
      let written = String(decoding: text[(index + 1)...], as: UTF8.self)
      guard let number = Int(written.hasPrefix("+") ? String(written.dropFirst()) : written),
        number.magnitude < 100_000
      else { return digits == 0 ? 0 : nil }
      exponent += number
    }
    var value = Double(digits)
    while exponent < -308, value != 0 {
      value /= 1e308
      exponent += 308
    }
    if value != 0 {
      guard exponent <= 308 else { return nil }
      if exponent >= 0 { value *= powers[exponent] } else { value /= powers[-exponent] }
    }
    return value.isFinite ? (isNegative ? -value : value) : nil
  }
}
