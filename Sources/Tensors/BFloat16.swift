/// A 16-bit brain floating-point number: the upper half of an IEEE 754 single.
public struct BFloat16: Sendable, Hashable, BitwiseCopyable {
  /// The sixteen bits: sign, eight exponent bits, seven fraction bits.
  public var bitPattern: UInt16

  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The nearest number to `value`, ties to even; NaN stays NaN.
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
    } else {
      let rounding = 0x7FFF + ((bits >> 16) & 1)
      bitPattern = UInt16(truncatingIfNeeded: (bits &+ rounding) >> 16)
    }
  }

  /// The same number as a single; exact.
  public var floatValue: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}

extension BFloat16: ExpressibleByFloatLiteral {
  public init(floatLiteral value: Float) { self.init(value) }
}

extension BFloat16: CustomStringConvertible {
  public var description: String { floatValue.description }
}
