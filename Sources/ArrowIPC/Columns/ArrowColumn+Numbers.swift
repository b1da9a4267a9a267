import Tensors

extension ArrowColumn {
  /// The rows of a column of numbers or truth values as a one-dimensional tensor; what null rows
  /// become is undefined.
  ///
  /// - Throws: ``InexactNumber`` for the first row, not null, that an integer type cannot hold;
  ///   ``ArrowConversionError`` for columns and elements that are no numbers.
  func numbers<Element: TensorElement>(as type: Element.Type) throws -> Tensor<Element> {
    if let bits {
      let truths = Tensor<Bool>(shape: [count]) { output in
        for index in 0..<count { output.initializeElement(at: index, to: bits[index]) }
      }
      if let same = truths as? Tensor<Element> { return same }
      return try Self.converted(truths.map { $0 ? UInt8(1) : 0 })
    }
    switch self.type {
    case .int8: return try converted(Int8.self)
    case .int16: return try converted(Int16.self)
    case .int32, .date32: return try converted(Int32.self)
    case .int64, .timestamp, .date64, .duration: return try converted(Int64.self)
    case .uint8: return try converted(UInt8.self)
    case .uint16: return try converted(UInt16.self)
    case .uint32: return try converted(UInt32.self)
    case .uint64: return try converted(UInt64.self)
    case .float16: return try converted(Float16.self)
    case .float32: return try converted(Float.self)
    case .float64: return try converted(Double.self)
    case .decimal(let bits, _, let scale):
      switch Element.elementType {
      case .float64: return try Self.converted(decimals(bits) { $0.nearestDouble(scale: scale) })
      case .float16, .bfloat16, .float32:
        return try Self.converted(decimals(bits) { $0.oddDouble(scale: scale) })
      case .uint64:
        return try Self.converted(decimalIntegers(UInt64.self, bits, scale, for: .uint64))
      case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32:
        return try Self.converted(
          decimalIntegers(Int64.self, bits, scale, for: Element.elementType))
      case .bool, .string: break
      }
    default: break
    }
    throw ArrowConversionError.type(found: "\(self.type)", expected: Element.elementType)
  }

  private func converted<Source: NumericTensorElement, Element: TensorElement>(
    _: Source.Type
  ) throws -> Tensor<Element> {
    let buffer = buffers[0]
    let source = try Tensor<Source>(
      viewing: buffer.storage,
      byteOffset: buffer.byteOffset + offset * MemoryLayout<Source>.stride, shape: [count])
    do {
      return try Self.converted(source)
    } catch let error as InexactNumber {
      if nullCount == 0 { throw error }
      // It may stand in the place of a null row, where anything may.
      return try Self.converted(
        Tensor<Source>(shape: [count]) { output in
          source.withUnsafeBufferPointer { input in
            for row in 0..<count {
              output.initializeElement(at: row, to: isNull(row) ? .zero : input[row])
            }
          }
        })
    }
  }

  private static func converted<Source: NumericTensorElement, Element: TensorElement>(
    _ tensor: Tensor<Source>
  ) throws -> Tensor<Element> {
    if let same = tensor as? Tensor<Element> { return same }
    func converted<Target: NumericTensorElement>(_: Target.Type) throws -> Tensor<Element>? {
      try tensor.converted(to: Target.self) as? Tensor<Element>
    }
    guard let numeric = Element.self as? any NumericTensorElement.Type,
      let result = try converted(numeric)
    else {
      throw ArrowConversionError.type(
        found: "\(ArrowType(Source.elementType))", expected: Element.elementType)
    }
    return result
  }

  /// Each decimal of so many bits as a floating-point number.
  private func decimals(_ bits: Int, _ number: (DecimalNumber) -> Double) -> Tensor<Double> {
    Tensor(shape: [count]) { output in
      buffers[0].withUnsafeBytes { bytes in
        for row in 0..<count {
          let decimal = DecimalNumber(bytes, at: (offset + row) * bits / 8, bits: bits)
          output.initializeElement(at: row, to: number(decimal))
        }
      }
    }
  }

  /// The decimals, all of which must be whole numbers within the range of 64-bit integers.
  ///
  /// - Parameter elements: what they become in the end, for messages.
  private func decimalIntegers<Integer: FixedWidthInteger & TensorElement & NumericTensorElement>(
    _: Integer.Type, _ bits: Int, _ scale: Int, for elements: ElementType
  ) throws -> Tensor<Integer> {
    try Tensor(shape: [count]) { output in
      try buffers[0].withUnsafeBytes { bytes in
        for row in 0..<count {
          // In the place of a null row anything may stand.
          if nullCount > 0, isNull(row) {
            output.initializeElement(at: row, to: .zero)
            continue
          }
          let decimal = DecimalNumber(bytes, at: (offset + row) * bits / 8, bits: bits)
          let whole = decimal.wholeNumber(scale: scale, as: Integer.self)
          if case .exactly(let integer) = whole {
            output.initializeElement(at: row, to: integer)
          } else {
            throw InexactNumber(
              index: row, value: "\(ArrowDecimal(self, row))", elementType: elements,
              isFraction: whole == .fraction)
          }
        }
      }
    }
  }
}

extension ArrowDecimal {
  /// Row `row` of a column of decimals.
  fileprivate init(_ column: ArrowColumn, _ row: Int) {
    if case .decimal(let decimal) = column.value(at: row) {
      self = decimal
    } else {
      self.init(bytes: [0], scale: 0)
    }
  }
}
