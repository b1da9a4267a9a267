/// A number as it is written: whole numbers keep all their digits.
public enum JSONNumeral {
  case signed(Int64)
  case unsigned(UInt64)
  case real(Double)

  @inlinable
  public var double: Double {
    switch self {
    case .signed(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    }
  }
}

extension JSONScanner {
  @inlinable
  public mutating func number() throws(Failure) -> JSONNumeral {
    let decimal = try decimal()
    return try numeral(decimal)
  }

  /// A number as an integer type has it, however it is written (`3`, `3.0`, `30e-1`); `nil` if the type
  /// cannot hold it or it has a fraction, also one that a double would lose.
  @inlinable
  public mutating func integer<Integer: FixedWidthInteger>(
    _ type: Integer.Type
  ) throws(Failure) -> Integer? {
    let decimal = try decimal()
    return decimal.whole.flatMap { Integer(exactly: $0) }
  }

  /// A number as a tensor of `Float` has it: ``JSONNumeral/double`` rounded, without the way over text
  /// that a double of many digits may take.
  @inlinable
  public mutating func float() throws(Failure) -> Float {
    let decimal = try decimal()
    if let float = decimal.float { return float }
    return Float(try numeral(decimal).double)
  }

  @inlinable
  public mutating func decimal() throws(Failure) -> JSONDecimal {
    _ = peek()
    do throws(JSONError) {
      return try JSONDecimal(bytes, at: &position, allowsWords: rules.isLenient)
    } catch {
      throw Failure(json: error.message, byte: error.byte)
    }
  }

  @inlinable
  public func numeral(_ decimal: JSONDecimal) throws(Failure) -> JSONNumeral {
    guard let numeral = decimal.numeral(rules) else {
      throw failure(
        "'\(String(decoding: decimal.text, as: UTF8.self))' is no number in range")
    }
    return numeral
  }

  @inlinable
  public mutating func skipNumber() throws(Failure) {
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
}
