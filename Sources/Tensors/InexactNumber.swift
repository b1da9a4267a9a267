/// A number among others that an element type cannot hold.
public struct InexactNumber: Error, Sendable, Hashable {
  /// The position of the number, the first of its kind.
  public var index: Int
  /// The number in decimal digits.
  public var value: String
  /// The type that cannot hold it.
  public var elementType: ElementType
  /// Whether it lies within the type's range and has a fraction, which the type has not.
  public var isFraction: Bool

  public init(index: Int, value: String, elementType: ElementType, isFraction: Bool) {
    self.index = index
    self.value = value
    self.elementType = elementType
    self.isFraction = isFraction
  }

  /// What is wrong with the number, for example `300 does not fit uint8 (0 to 255)`.
  public var reason: String {
    if isFraction { return "\(value) does not fit \(elementType): it is no whole number" }
    return "\(value) does not fit \(elementType)" + (elementType.range.map { " (\($0))" } ?? "")
  }
}

extension InexactNumber: CustomStringConvertible {
  public var description: String { "element \(index): \(reason)" }
}

extension ElementType {
  /// The least and the greatest number of an integer type.
  fileprivate var range: String? {
    switch self {
    case .int8: "-128 to 127"
    case .int16: "-32768 to 32767"
    case .int32: "-2147483648 to 2147483647"
    case .int64: "-2^63 to 2^63 - 1"
    case .uint8: "0 to 255"
    case .uint16: "0 to 65535"
    case .uint32: "0 to 4294967295"
    case .uint64: "0 to 2^64 - 1"
    case .bool, .float16, .bfloat16, .float32, .float64, .string: nil
    }
  }
}
