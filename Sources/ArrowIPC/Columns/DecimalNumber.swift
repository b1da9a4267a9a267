/// The unscaled integer of a decimal, as its sign and magnitude: up to 256 bits in four words, the
/// least significant first. The number is that integer divided by 10^scale.
struct DecimalNumber {
  private let isNegative: Bool
  private var magnitude: SIMD4<UInt64>

  /// A decimal in terms of an integer type.
  enum WholeNumber<Integer: FixedWidthInteger>: Equatable {
    case exactly(Integer)
    case fraction
    case outOfRange
  }

  /// The integer of `bits` bits (32, 64, 128 or 256) in two's complement, `position` bytes in.
  init(_ bytes: UnsafeRawBufferPointer, at position: Int, bits: Int) {
    func word(_ index: Int) -> UInt64 {
      bytes.loadUnaligned(fromByteOffset: position + index * 8, as: UInt64.self)
    }
    if bits == 32 {
      let number = bytes.loadUnaligned(fromByteOffset: position, as: Int32.self)
      isNegative = number < 0
      magnitude = SIMD4(UInt64(number.magnitude), 0, 0, 0)
      return
    }
    let last = word(bits / 64 - 1)
    isNegative = Int64(bitPattern: last) < 0
    let sign: UInt64 = isNegative ? .max : 0
    var words = SIMD4(repeating: sign)
    for index in 0..<bits / 64 { words[index] = word(index) }
    if isNegative {
      var carry = true
      for index in 0..<4 {
        let (sum, overflow) = (~words[index]).addingReportingOverflow(carry ? 1 : 0)
        words[index] = sum
        carry = overflow
      }
    }
    magnitude = words
  }

  /// The magnitude, if it takes one word.
  private var small: UInt64? {
    magnitude[1] | magnitude[2] | magnitude[3] == 0 ? magnitude[0] : nil
  }

  /// The number as an integer.
  func wholeNumber<Integer: FixedWidthInteger>(
    scale: Int, as: Integer.Type
  ) -> WholeNumber<Integer> {
    if scale == 0, let small { return signed(small) }
    if magnitude == .zero { return .exactly(0) }
    // Ten to the 77th takes more than 256 bits.
    guard abs(scale) < 77 else { return scale > 0 ? .fraction : .outOfRange }
    var rest = self
    for power in Self.powers(abs(scale)) {
      if scale > 0 {
        if rest.divide(by: power) != 0 { return .fraction }
      } else if rest.multiply(by: power) {
        return .outOfRange
      }
    }
    guard let whole = rest.small else { return .outOfRange }
    return signed(whole)
  }

  private func signed<Integer: FixedWidthInteger>(_ magnitude: UInt64) -> WholeNumber<Integer> {
    if !isNegative {
      guard let number = Integer(exactly: magnitude) else { return .outOfRange }
      return .exactly(number)
    }
    guard let number = Integer(exactly: -Int128(magnitude)) else { return .outOfRange }
    return .exactly(number)
  }

  /// The powers of ten, each within a word, whose product is 10^exponent.
  private static func powers(_ exponent: Int) -> some Sequence<UInt64> {
    sequence(state: exponent) { rest -> UInt64? in
      if rest == 0 { return nil }
      let step = min(rest, 19)
      rest -= step
      return powersOfTen[step]
    }
  }

  /// Divides by `divisor` and returns the remainder.
  private mutating func divide(by divisor: UInt64) -> UInt64 {
    var remainder: UInt64 = 0
    for index in (0..<4).reversed() {
      (magnitude[index], remainder) = divisor.dividingFullWidth((remainder, magnitude[index]))
    }
    return remainder
  }

  /// Multiplies by `factor` and returns whether the product exceeds 256 bits.
  private mutating func multiply(by factor: UInt64) -> Bool {
    var carry: UInt64 = 0
    for index in 0..<4 {
      let (high, low) = magnitude[index].multipliedFullWidth(by: factor)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      magnitude[index] = sum
      carry = high + (overflow ? 1 : 0)
    }
    return carry != 0
  }

  private static let powersOfTen: [UInt64] = (0...19).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }

  /// The powers of ten that doubles hold exactly.
  private static let exactPowers: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }
}

extension DecimalNumber {
  /// The nearest double, ties to even.
  func nearestDouble(scale: Int) -> Double {
    if let quotient = exactOperands(scale) { return signed(quotient.number / quotient.power) }
    return signed(Self.rounded(leadingBits(scale)))
  }

  /// A double that, rounded to a shorter floating-point type, gives what rounding the number itself
  /// would: the number itself, or cut off towards zero with the last bit set.
  func oddDouble(scale: Int) -> Double {
    if let (number, power) = exactOperands(scale) {
      let quotient = number / power
      // Only such a double can lie in the middle between two shorter numbers.
      guard quotient.significandBitPattern & 0xFFF_FFFF == 0 else { return signed(quotient) }
      let error = (-number).addingProduct(quotient, power)
      if error == 0 { return signed(quotient) }
      return signed(Double(bitPattern: (quotient.bitPattern - (error > 0 ? 1 : 0)) | 1))
    }
    let (bits, exponent) = leadingBits(scale)
    if bits == 0 { return 0 }
    let kept = bits >> 11 | (bits & 0x7FF == 0 ? 0 : 1)
    let number = Double(sign: .plus, exponent: exponent + 11, significand: Double(kept))
    return signed(Swift.max(number, .leastNonzeroMagnitude))
  }

  /// Integer and power of ten as doubles, where both are exact and so their quotient rounds once.
  private func exactOperands(_ scale: Int) -> (number: Double, power: Double)? {
    guard let small, small <= 1 << 53, scale >= 0, scale < Self.exactPowers.count else {
      return nil
    }
    return (Double(small), Self.exactPowers[scale])
  }

  private func signed(_ number: Double) -> Double { isNegative ? -number : number }

  /// The 64 leading bits of the magnitude and the exponent of the last one of them, which is also set
  /// if there is anything behind it; 0 for zero.
  private func leadingBits(_ scale: Int) -> (bits: UInt64, exponent: Int) {
    if magnitude == .zero { return (0, 0) }
    // A digit takes less than 3.33 bits. The quotient keeps more than the 64 bits wanted.
    let wordsOfPower = abs(scale) * 10 / 3 / 64 + 1
    let shift = scale > 0 ? wordsOfPower + 2 : 0
    let wordCount = 4 + (scale > 0 ? shift : wordsOfPower)
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: wordCount) { words in
      words.initialize(repeating: 0)
      for index in 0..<4 { words[shift + index] = magnitude[index] }
      var isInexact = false
      for power in Self.powers(abs(scale)) {
        if scale > 0 {
          var remainder: UInt64 = 0
          for index in words.indices.reversed() {
            (words[index], remainder) = power.dividingFullWidth((remainder, words[index]))
          }
          isInexact = isInexact || remainder != 0
        } else {
          var carry: UInt64 = 0
          for index in words.indices {
            let (high, low) = words[index].multipliedFullWidth(by: power)
            let (sum, overflow) = low.addingReportingOverflow(carry)
            words[index] = sum
            carry = high + (overflow ? 1 : 0)
          }
        }
      }
      guard let top = words.lastIndex(where: { $0 != 0 }) else { return (1, -2000) }
      let zeros = words[top].leadingZeroBitCount
      var bits = words[top] << UInt64(zeros)
      var rest: UInt64 = 0
      if top > 0, zeros > 0 {
        bits |= words[top - 1] >> UInt64(64 - zeros)
        rest = words[top - 1] << UInt64(zeros)
      } else if top > 0 {
        rest = words[top - 1]
      }
      let isCut = rest != 0 || words[..<Swift.max(top - 1, 0)].contains { $0 != 0 }
      return (bits | (isCut || isInexact ? 1 : 0), (top - shift) * 64 - zeros)
    }
  }

  /// 64 leading bits, the highest of them set, rounded to the nearest double.
  private static func rounded(_ number: (bits: UInt64, exponent: Int)) -> Double {
    if number.bits == 0 { return 0 }
    let missing = -1022 - (number.exponent + 63)
    if missing <= 0 {
      return Double(sign: .plus, exponent: number.exponent, significand: Double(number.bits))
    }
    // Below the normal numbers fewer digits are left; rounding to 53 first would round twice.
    let shift = UInt64(Swift.min(missing + 11, 64))
    let whole = shift < 64 ? number.bits >> shift : 0
    let cut = shift < 64 ? number.bits & ((1 << shift) - 1) : number.bits
    let half: UInt64 = 1 << (shift - 1)
    // The highest bit of `cut` is worth a half only if nothing was shifted out beyond it.
    let isGreater = missing + 11 <= 64 && (cut > half || (cut == half && whole & 1 == 1))
    return Double(bitPattern: whole + (isGreater ? 1 : 0))
  }
}
