import Tensors

/// A number without any rounding, for tests to compare with: a whole number of any size over a power
/// of ten. It shares no code with the package's conversions.
struct ExactNumber {
  var isNegative = false
  /// The magnitude times 10^scale in words of 32 bits, the least significant first.
  private var words: [UInt32]
  private var scale = 0

  var isZero: Bool { words.allSatisfy { $0 == 0 } }

  init(_ number: some BinaryInteger) {
    isNegative = number < 0
    words = []
    var rest = number.magnitude
    while rest > 0 {
      words.append(UInt32(truncatingIfNeeded: rest))
      rest >>= 32
    }
  }

  /// - Parameter digits: a whole number in decimal digits, divided by 10^scale.
  init(digits: String, scale: Int) {
    words = []
    isNegative = digits.hasPrefix("-")
    for digit in digits.drop(while: { $0 == "-" }) {
      multiply(by: 10, adding: UInt32(digit.wholeNumberValue ?? 0))
    }
    for _ in 0..<max(-scale, 0) { multiply(by: 10) }
    self.scale = max(scale, 0)
  }

  /// - Parameter number: a finite number.
  init(_ number: Double) {
    self.init(number.significandBitPattern | (number.isNormal ? 1 << 52 : 0))
    isNegative = number < 0
    let exponent = max(Int(number.exponentBitPattern), 1) - 1075
    for _ in 0..<max(exponent, 0) { multiply(by: 2) }
    for _ in 0..<max(-exponent, 0) { multiply(by: 5) }
    scale = max(-exponent, 0)
  }

  private mutating func multiply(by factor: UInt32, adding addend: UInt32 = 0) {
    var carry = UInt64(addend)
    for index in words.indices {
      carry += UInt64(words[index]) * UInt64(factor)
      words[index] = UInt32(truncatingIfNeeded: carry)
      carry >>= 32
    }
    if carry > 0 { words.append(UInt32(carry)) }
  }

  /// Divides by ten, if that leaves no remainder.
  private mutating func divideByTen() -> Bool {
    var quotient = words
    var remainder: UInt64 = 0
    for index in words.indices.reversed() {
      let dividend = remainder << 32 | UInt64(words[index])
      quotient[index] = UInt32(dividend / 10)
      remainder = dividend % 10
    }
    if remainder == 0 { words = quotient }
    return remainder == 0
  }

  /// The number as an integer, if it is one and not huge.
  var whole: Int128? {
    var rest = self
    for _ in 0..<scale where !rest.divideByTen() { return nil }
    while rest.words.last == 0 { rest.words.removeLast() }
    guard rest.words.count < 4 else { return nil }
    let magnitude = rest.words.reversed().reduce(Int128(0)) { $0 << 32 | Int128($1) }
    return isNegative ? -magnitude : magnitude
  }

  private func scaled(to other: Int) -> ExactNumber {
    var result = self
    for _ in scale..<max(other, scale) { result.multiply(by: 10) }
    result.scale = max(other, scale)
    return result
  }

  /// The sum of the magnitudes.
  static func + (left: ExactNumber, right: ExactNumber) -> ExactNumber {
    let (a, b) = (left.scaled(to: right.scale), right.scaled(to: left.scale))
    var result = a
    result.words = []
    var carry: UInt64 = 0
    for index in 0..<max(a.words.count, b.words.count) + 1 {
      carry += index < a.words.count ? UInt64(a.words[index]) : 0
      carry += index < b.words.count ? UInt64(b.words[index]) : 0
      result.words.append(UInt32(truncatingIfNeeded: carry))
      carry >>= 32
    }
    return result
  }

  /// Compares the magnitudes: -1, 0 or 1.
  static func compare(_ left: ExactNumber, _ right: ExactNumber) -> Int {
    let (a, b) = (left.scaled(to: right.scale), right.scaled(to: left.scale))
    for index in (0..<max(a.words.count, b.words.count)).reversed() {
      let (x, y) = (
        index < a.words.count ? a.words[index] : 0, index < b.words.count ? b.words[index] : 0
      )
      if x != y { return x < y ? -1 : 1 }
    }
    return 0
  }
}

/// What a column holds in a row.
enum ExactValue {
  case number(ExactNumber)
  case infinity(isNegative: Bool)
  case nan

  init(_ number: Double) {
    self =
      number.isNaN
      ? .nan : number.isInfinite ? .infinity(isNegative: number < 0) : .number(ExactNumber(number))
  }

  /// Whether a type can take the value in: integers only as it is.
  func fits(_ type: ElementType) -> Bool {
    guard let range = type.integers else { return type.isFloatingPoint }
    guard case .number(let number) = self, let whole = number.whole else { return false }
    return range.contains(whole)
  }

  /// Whether `element` is the value: the same integer, or the nearest number of a type, ties to even.
  func became(_ element: some NumericTensorElement) -> Bool {
    if let integer = element as? any BinaryInteger {
      guard case .number(let number) = self else { return false }
      return number.whole == Int128(integer)
    }
    let found = element.doubleValue
    guard let format = FloatFormat(type(of: element).elementType) else { return false }
    switch self {
    case .nan: return found.isNaN
    case .infinity(let isNegative): return found == (isNegative ? -.infinity : .infinity)
    case .number(let number): return format.isNearest(found, to: number)
    }
  }
}

extension ElementType {
  /// The numbers of an integer type.
  var integers: ClosedRange<Int128>? {
    switch self {
    case .int8: -0x80...0x7F
    case .int16: -0x8000...0x7FFF
    case .int32: -0x8000_0000...0x7FFF_FFFF
    case .int64: Int128(Int64.min)...Int128(Int64.max)
    case .uint8: 0...0xFF
    case .uint16: 0...0xFFFF
    case .uint32: 0...0xFFFF_FFFF
    case .uint64: 0...Int128(UInt64.max)
    default: nil
    }
  }
}

/// A binary floating-point format of IEEE 754.
struct FloatFormat {
  /// Binary digits, the hidden one included, and the exponents of normal numbers.
  let digits: Int
  let exponents: ClosedRange<Int>

  init?(_ type: ElementType) {
    switch type {
    case .float16: (digits, exponents) = (11, -14...15)
    case .bfloat16: (digits, exponents) = (8, -126...127)
    case .float32: (digits, exponents) = (24, -126...127)
    case .float64: (digits, exponents) = (53, -1022...1023)
    default: return nil
    }
  }

  /// Whether no number of the format is nearer to `exact` than `found`, which has an even last digit
  /// if another is as near.
  func isNearest(_ found: Double, to exact: ExactNumber) -> Bool {
    if found.isNaN || (!exact.isZero && found != 0 && (found < 0) != exact.isNegative) {
      return false
    }
    let double = exact + exact
    let topUnit = Double(sign: .plus, exponent: exponents.upperBound - digits + 1, significand: 1)
    let greatest = (topUnit / 2) * (Double(sign: .plus, exponent: digits, significand: 1) - 1) * 2
    if found.isInfinite {
      let limit = ExactNumber(greatest) + ExactNumber(greatest) + ExactNumber(topUnit)
      return ExactNumber.compare(double, limit) >= 0
    }
    let magnitude = found.magnitude
    if magnitude > greatest { return false }
    let exponent = magnitude == 0 ? exponents.lowerBound : Int(magnitude.exponent)
    let unit = Double(
      sign: .plus, exponent: max(exponent, exponents.lowerBound) - digits + 1, significand: 1)
    // A number of the format is a multiple of its last digit.
    let multiple = magnitude / unit
    guard multiple == multiple.rounded() else { return false }
    let isEven = multiple.truncatingRemainder(dividingBy: 2) == 0
    let isPower = magnitude > 0 && magnitude.significand == 1 && exponent > exponents.lowerBound
    let twice = ExactNumber(magnitude) + ExactNumber(magnitude)
    let above = ExactNumber.compare(double, twice + ExactNumber(unit))
    if above > 0 || (above == 0 && !isEven) { return false }
    if magnitude == 0 { return true }
    let below = ExactNumber.compare(double + ExactNumber(isPower ? unit / 2 : unit), twice)
    return below > 0 || (below == 0 && isEven)
  }
}

/// The same numbers for the same seed on every machine (Steele, Lea and Flood: SplitMix).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
