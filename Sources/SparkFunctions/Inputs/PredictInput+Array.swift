import ArrowIPC
public import SparkTypes
public import Tensors

/// An element of the arrays that a predict function takes: numbers, booleans, strings, bytes
/// (`[UInt8]`), optionals of them for columns with nulls, and arrays of them for array columns.
public protocol PredictInputElement: Sendable {
  /// The value of each row.
  ///
  /// - Throws: `InferenceError` naming column and row.
  static func values(_ argument: InputArgument) throws -> [Self]

  /// Why a column of `type` can never be read, or `nil` if it can.
  static func mismatch(ofElements type: DataType) -> String?
}

extension Array: PredictInput where Element: PredictInputElement {
  public static var form: PredictInputForm { .values }
  public init(_ argument: InputArgument) throws {
    var argument = argument
    argument.column = try argument.column.decodingDictionary()
    self = try Element.values(argument)
    if count != argument.column.count {
      throw argument.failure("\(count) values were read from \(argument.column.count) rows")
    }
  }
  public static func inputMismatch(with type: DataType) -> String? {
    Element.mismatch(ofElements: type)
  }
}

extension PredictInputElement where Self: TensorElement {
  public static func values(_ argument: InputArgument) throws -> [Self] {
    var plain = argument
    plain.rowShape = nil
    guard argument.column.type.listElement == nil, !argument.column.type.isBinary,
      argument.column.type.childFields.isEmpty
    else {
      throw argument.describing(
        ArrowConversionError.type(found: "\(argument.column.type)", expected: elementType),
        element: elementType)
    }
    return try Tensor<Self>(plain).scalars
  }

  public static func mismatch(ofElements type: DataType) -> String? {
    if type == .boolean || (type.isNumeric && Self.self != Bool.self) { return nil }
    return Self.self == Bool.self ? "[Bool] takes booleans" : "[\(Self.self)] takes numbers"
  }
}

extension Bool: PredictInputElement {}
extension Int8: PredictInputElement {}
extension Int16: PredictInputElement {}
extension Int32: PredictInputElement {}
extension Int64: PredictInputElement {}
extension UInt8: PredictInputElement {}
extension UInt16: PredictInputElement {}
extension UInt32: PredictInputElement {}
extension UInt64: PredictInputElement {}
extension Float16: PredictInputElement {}
extension Float: PredictInputElement {}
extension Double: PredictInputElement {}

extension Int: PredictInputElement {
  public static func values(_ argument: InputArgument) throws -> [Int] {
    try Int64.values(argument).map { Int($0) }
  }
  public static func mismatch(ofElements type: DataType) -> String? {
    Int64.mismatch(ofElements: type)
  }
}

extension String: PredictInputElement {
  public static func values(_ argument: InputArgument) throws -> [String] {
    let column = argument.column
    guard column.type.isString else {
      throw argument.describing(
        ArrowConversionError.type(found: "\(column.type)", expected: .string), element: .string)
    }
    var fill: String?
    if case .fill(_, let text) = argument.nulls { fill = text }
    return try (0..<column.count).map { row in
      guard let text = column.string(row) ?? fill else { throw argument.nullFailure(row) }
      return text
    }
  }
  public static func mismatch(ofElements type: DataType) -> String? {
    type.isString ? nil : "[String] takes strings"
  }
}

extension Optional: PredictInputElement where Wrapped: PredictInputElement {
  public static func values(_ argument: InputArgument) throws -> [Wrapped?] {
    let column = argument.column
    if column.nullCount == 0 { return try Wrapped.values(argument) }
    if column.type == .null { return Array(repeating: nil, count: column.count) }
    let kept = (0..<column.count).filter { !column.isNull($0) }
    let values = try Wrapped.values(argument.selecting(kept))
    var result = [Wrapped?](repeating: nil, count: column.count)
    for (row, value) in zip(kept, values) { result[row] = value }
    return result
  }
  public static func mismatch(ofElements type: DataType) -> String? {
    Wrapped.mismatch(ofElements: type)
  }
}

extension Array: PredictInputElement where Element: PredictInputElement {
  /// The elements of each row of an array column, or of a binary column as little-endian numbers;
  /// rows may differ in length.
  ///
  /// - Throws: `InferenceError` naming column and row.
  public static func values(_ argument: InputArgument) throws -> [[Element]] {
    let column = argument.column
    if let row = column.firstNull {
      guard case .fill = argument.nulls else { throw argument.nullFailure(row) }
      return try Optional<[Element]>.values(argument).map { $0 ?? [] }
    }
    if column.type.isBinary {
      guard let number = Element.self as? any TensorElement.Type,
        let rows = try raw(argument, number) as? [[Element]]
      else {
        throw argument.failure("a binary column cannot be read as arrays of \(Element.self)")
      }
      return rows
    }
    guard column.type.listElement != nil else {
      throw argument.failure(
        "the column is \(column.type), the function takes arrays; use `array` to combine columns")
    }
    if column.count == 0 { return [] }
    let elements = try Element.values(argument.elements)
    let start = column.valueRange(0).lowerBound
    return (0..<column.count).map { row in
      let range = column.valueRange(row)
      return Array(elements[range.lowerBound - start..<range.upperBound - start])
    }
  }

  private static func raw<Number: TensorElement>(
    _ argument: InputArgument, _: Number.Type
  ) throws -> [[Number]] {
    let size = MemoryLayout<Number>.stride
    let column = argument.column
    return try (0..<column.count).map { row in
      try column.withBytes(row) { bytes in
        guard bytes.count.isMultiple(of: size) else {
          throw argument.failure(
            "\(bytes.count) bytes are no whole number of \(Number.elementType) elements", row: row)
        }
        return [Number](unsafeUninitializedCapacity: bytes.count / size) { buffer, count in
          UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
          count = bytes.count / size
        }
      }
    }
  }

  public static func mismatch(ofElements type: DataType) -> String? {
    if let element = type.arrayElement { return Element.mismatch(ofElements: element) }
    if type == .binary { return nil }
    return "[[\(Element.self)]] takes arrays and binary"
  }
}
