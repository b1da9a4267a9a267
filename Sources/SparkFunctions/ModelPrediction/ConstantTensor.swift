import Tensors

/// The tensor of a constant for one row, or for the whole input if this has no rows, as it travels.
public struct ConstantTensor: Sendable, Hashable, Codable {
  let elementType: ElementType
  let shape: Shape
  /// The elements, or the one that all of them are: little-endian numbers.
  let bytes: [UInt8]
  /// The same of strings.
  let strings: [String]

  /// - Parameters:
  ///   - values: the elements of `shape` in row-major order, or the one that all of them are.
  /// - Throws: the value that is none of the element type.
  init(
    _ values: [InputConstant], elementType: ElementType, shape: Shape
  ) throws(InputConstant.Misfit) {
    self.elementType = elementType
    self.shape = shape
    if elementType == .string {
      bytes = []
      var strings: [String] = []
      for value in values {
        switch value {
        case .string(let text): strings.append(text)
        case .zeros: strings.append("")
        default: throw InputConstant.Misfit(value: value)
        }
      }
      self.strings = strings
      return
    }
    strings = []
    bytes =
      switch elementType {
      case .bool, .string: try Self.truths(values)
      case .int8: try Self.bytes(values, Int8.self)
      case .int16: try Self.bytes(values, Int16.self)
      case .int32: try Self.bytes(values, Int32.self)
      case .int64: try Self.bytes(values, Int64.self)
      case .uint8: try Self.bytes(values, UInt8.self)
      case .uint16: try Self.bytes(values, UInt16.self)
      case .uint32: try Self.bytes(values, UInt32.self)
      case .uint64: try Self.bytes(values, UInt64.self)
      case .float16: try Self.bytes(values, Float16.self)
      case .bfloat16: try Self.bytes(values, BFloat16.self)
      case .float32: try Self.bytes(values, Float.self)
      case .float64: try Self.bytes(values, Double.self)
      }
  }

  private static func truths(
    _ values: [InputConstant]
  ) throws(InputConstant.Misfit) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in values {
      switch value {
      case .bool(let truth): bytes.append(truth ? 1 : 0)
      case .integer(0), .zeros: bytes.append(0)
      case .integer(1): bytes.append(1)
      default: throw InputConstant.Misfit(value: value)
      }
    }
    return bytes
  }

  private static func bytes<Element: NumericTensorElement>(
    _ values: [InputConstant], _: Element.Type
  ) throws(InputConstant.Misfit) -> [UInt8] {
    var elements: [Element] = []
    for value in values {
      guard let element: Element = value.element() else {
        throw InputConstant.Misfit(value: value)
      }
      elements.append(element)
    }
    return elements.withUnsafeBytes { Array($0) }
  }

  /// The same for each of `rows`, `[rows, …]`.
  ///
  /// - Throws: `TensorError` if there is no memory for so many.
  func tensor(rows: Int) throws -> AnyTensor {
    let one = try row()
    return try one.repeatingLastRow(until: rows).slicingRows(0..<rows)
  }

  private func row() throws -> AnyTensor {
    let batched = shape.batched(1)
    guard let count = shape.elementCount else {
      throw TensorError("a constant of the shape \(shape) has no fixed size")
    }
    guard let width = elementType.byteCount else {
      let isOne = strings.count == 1
      return .string(
        try StringTensor((0..<count).map { strings[isOne ? 0 : $0] }, shape: batched))
    }
    let storage = TensorStorage(byteCount: count * width)
    let memory = UnsafeMutableRawBufferPointer(
      start: storage.baseAddress, count: count * width)
    // The bytes are all of it, or one element; there are none where there is nothing to fill.
    for start in stride(from: 0, to: memory.count, by: max(bytes.count, 1)) {
      UnsafeMutableRawBufferPointer(rebasing: memory[start...]).copyBytes(from: bytes)
    }
    return try AnyTensor(viewing: storage, elementType: elementType, shape: batched)
  }
}

extension InputConstant {
  /// A value that is none of an element type.
  struct Misfit: Error {
    let value: InputConstant
  }

  /// The dimensions of arrays; `nil` if they differ in length.
  var shape: Shape? {
    guard case .list(let values) = self else { return [] }
    let inner = values.map(\.shape)
    if inner.isEmpty { return [0] }
    guard let first = inner[0], inner.allSatisfy({ $0 == first }) else { return nil }
    return first.batched(values.count)
  }

  /// The values in row-major order.
  var leaves: [InputConstant] {
    if case .list(let values) = self { values.flatMap(\.leaves) } else { [self] }
  }

  /// The value as a number of a type; `nil` if it is none, or beyond the type's range.
  fileprivate func element<Element: NumericTensorElement>() -> Element? {
    switch self {
    case .zeros: return Element.zero
    case .integer(let value): return Element.finite(Element(converting: value), of: Double(value))
    case .unsigned(let value):
      return value as? Element ?? InputConstant.number(Double(value)).element()
    case .number(let value):
      // A double beyond is not the whole number that was written.
      if Element.self is any FixedWidthInteger.Type, value.magnitude > 0x1p53 { return nil }
      return Element.finite(Element(converting: value), of: value)
    case .bool, .string, .list: return nil
    }
  }
}

extension NumericTensorElement {
  /// `element`, which stands for `value`; `nil` if it has become infinite.
  fileprivate static func finite(_ element: Self?, of value: Double) -> Self? {
    guard let element, element.doubleValue.isFinite || !value.isFinite else { return nil }
    return element
  }
}
