/// One value of a column of any type, for code that looks at single values: rows on the driver,
/// tests. Predictions never go through it.
public indirect enum ArrowValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// Signed integers, and the raw numbers of dates, times, timestamps and durations in the unit of
  /// the column's type.
  case int(Int64)
  case uint(UInt64)
  case float(Double)
  case decimal(ArrowDecimal)
  case string(String)
  case binary([UInt8])
  case interval(months: Int32, days: Int32, nanoseconds: Int64)
  case list([ArrowValue])
  /// The fields of a struct, in order.
  case structure([ArrowValue])
  /// The entries of a map, in order.
  case map([(key: ArrowValue, value: ArrowValue)])

  public static func == (left: ArrowValue, right: ArrowValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.uint(let a), .uint(let b)): a == b
    case (.float(let a), .float(let b)): a == b || (a.isNaN && b.isNaN)
    case (.decimal(let a), .decimal(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.binary(let a), .binary(let b)): a == b
    case (.interval(let a, let b, let c), .interval(let d, let e, let f)):
      (a, b, c) == (d, e, f)
    case (.list(let a), .list(let b)), (.structure(let a), .structure(let b)): a == b
    case (.map(let a), .map(let b)): a.elementsEqual(b) { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: break
    case .bool(let value): hasher.combine(value)
    case .int(let value): hasher.combine(value)
    case .uint(let value): hasher.combine(value)
    case .float(let value): hasher.combine(value.isNaN ? 0 : value)
    case .decimal(let value): hasher.combine(value)
    case .string(let value): hasher.combine(value)
    case .binary(let value): hasher.combine(value)
    case .interval(let months, let days, let nanoseconds):
      hasher.combine(months)
      hasher.combine(days)
      hasher.combine(nanoseconds)
    case .list(let values), .structure(let values): hasher.combine(values)
    case .map(let entries):
      for entry in entries {
        hasher.combine(entry.key)
        hasher.combine(entry.value)
      }
    }
  }
}

/// A decimal number: an integer of up to 256 bits, scaled by 10^-scale.
public struct ArrowDecimal: Sendable, Hashable {
  /// The unscaled integer in two's complement, least significant byte first.
  public var bytes: [UInt8]
  /// The number of decimal digits behind the point.
  public var scale: Int

  public init(bytes: [UInt8], scale: Int) {
    self.bytes = bytes
    self.scale = scale
  }

  /// The number whose digits `text` gives (`-12.345`), as an integer of `byteWidth` bytes with
  /// `scale` digits behind the point; `nil` if it has other characters, more digits behind the point,
  /// or does not fit.
  public init?(_ text: String, byteWidth: Int, scale: Int) {
    let isNegative = text.hasPrefix("-")
    let parts = text.drop { $0 == "-" || $0 == "+" }.split(
      separator: ".", omittingEmptySubsequences: false)
    let fraction = parts.count > 1 ? parts[1] : ""
    guard (1...2).contains(parts.count), fraction.count <= max(scale, 0) else { return nil }
    // A negative scale has no room for the last digits before the point, which then are zeros.
    let dropped = parts[0].suffix(max(-scale, 0))
    guard dropped.allSatisfy({ $0 == "0" }) else { return nil }
    let digits =
      parts[0].dropLast(dropped.count) + fraction
      + String(repeating: "0", count: max(scale, 0) - fraction.count)
    var magnitude = [UInt8](repeating: 0, count: byteWidth)
    for digit in digits {
      guard digit.isASCII, let number = digit.wholeNumberValue else { return nil }
      var carry = number
      for index in magnitude.indices {
        carry += Int(magnitude[index]) * 10
        magnitude[index] = UInt8(carry & 0xFF)
        carry >>= 8
      }
      if carry != 0 { return nil }
    }
    bytes = isNegative ? Self.negated(magnitude) : magnitude
    self.scale = scale
    let overflowed = (bytes.last ?? 0) & 0x80 != 0
    if overflowed != isNegative, magnitude.contains(where: { $0 != 0 }) { return nil }
  }

  private static func negated(_ bytes: [UInt8]) -> [UInt8] {
    var carry: UInt16 = 1
    return bytes.map { byte in
      let sum = UInt16(~byte) + carry
      carry = sum >> 8
      return UInt8(truncatingIfNeeded: sum)
    }
  }

  /// The unscaled integer in decimal digits.
  public var unscaledDigits: String {
    let isNegative = (bytes.last ?? 0) & 0x80 != 0
    var magnitude = isNegative ? Self.negated(bytes) : bytes
    var digits: [Character] = []
    repeat {
      var remainder = 0
      for index in magnitude.indices.reversed() {
        let value = remainder << 8 | Int(magnitude[index])
        magnitude[index] = UInt8(value / 10)
        remainder = value % 10
      }
      digits.append(Character(String(remainder)))
    } while magnitude.contains { $0 != 0 }
    return (isNegative ? "-" : "") + String(digits.reversed())
  }
}

extension ArrowDecimal: CustomStringConvertible {
  public var description: String {
    let unscaled = unscaledDigits
    if scale <= 0 {
      return unscaled + (unscaled == "0" ? "" : String(repeating: "0", count: -scale))
    }
    let sign = unscaled.hasPrefix("-") ? "-" : ""
    let digits = unscaled.drop { $0 == "-" }
    let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
    return sign + padded.dropLast(scale) + "." + padded.suffix(scale)
  }
}
