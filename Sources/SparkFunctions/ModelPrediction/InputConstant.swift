/// A value of an input of the model that is the same for all rows, as a table has no column of it.
///
/// ```swift
/// try await images.predicting(
///   .onnx("detector.onnx"), constants: ["threshold": 0.5, "size": [640, 640], "state": .zeros])
/// ```
///
/// A single value fills the input's shape; an array has the dimensions of the input, without that of the
/// rows if it has one.
public indirect enum InputConstant: Sendable, Hashable {
  /// Zeros, or empty strings, in the input's shape.
  case zeros
  case bool(Bool)
  case integer(Int64)
  /// A whole number beyond `Int64`.
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  /// An array, of arrays if the input has several dimensions.
  case list([InputConstant])
}

extension InputConstant: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral
{
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: InputConstant...) { self = .list(elements) }
}

extension InputConstant: Decodable {
  /// Reads truth values, numbers, strings and arrays of them, as JSON has them.
  ///
  /// - Throws: `DecodingError` for what is none of these.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else {
      self = .list(try container.decode([InputConstant].self))
    }
  }
}

extension InputConstant: CustomStringConvertible {
  public var description: String {
    switch self {
    case .zeros: "zeros"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    }
  }
}
