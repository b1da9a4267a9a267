import Tensors

/// Why a column could not become a tensor: what the caller needs to name the row.
public enum ArrowConversionError: Error, Sendable, Hashable {
  /// The row is null.
  case null(row: Int)
  /// An element within the row is null.
  case nullElement(row: Int, index: Int)
  /// The row has another number of elements than expected.
  case ragged(row: Int, found: Int, expected: Int)
  /// The rows have `found` elements each, which do not fill the wanted shape.
  case shape(found: Int, expected: Shape)
  /// A column of type `found` cannot give elements of type `expected`.
  case type(found: String, expected: ElementType)
}

/// What happens to nulls on the way into a tensor.
public enum NullConversion<Element: TensorElement>: Sendable {
  /// They are errors that name the row.
  case fail
  /// They become this value.
  case fill(Element)
}

extension ArrowColumn {
  /// The column as a tensor `[rows] + rowShape`.
  ///
  /// Numbers of the same type are not copied: the tensor is a view over the column's memory. Numbers
  /// of another type are converted in one pass. A list column of any layout gives the elements of its
  /// lists; a binary column gives its bytes as little-endian elements; a struct column of numbers
  /// gives one element for each field.
  ///
  /// - Parameter rowShape: the shape of one row; by default `[]` for plain columns and the number of
  ///   elements, equal in all rows, for the others. One dimension may be −1.
  /// - Throws: ``ArrowConversionError``, its rows counted from the beginning of this column.
  public func tensor<Element: TensorElement>(
    of element: Element.Type = Element.self, rowShape: Shape? = nil,
    nulls: NullConversion<Element> = .fail
  ) throws -> Tensor<Element> {
    if case .structure = type { return try structTensor(rowShape: rowShape, nulls: nulls) }
    if type.isBinary {
      // Bytes other than 0 and 1 are no truth values.
      if Element.self == Bool.self {
        let bytes: Tensor<UInt8> = try rawTensor(rowShape: rowShape)
        if let truths = bytes.map({ $0 != 0 }) as? Tensor<Element> {
          return try Self.shaped(truths, rows: count, rowShape)
        }
      }
      return try Self.shaped(rawTensor(rowShape: rowShape), rows: count, rowShape)
    }
    if case .dictionary = type {
      return try decodingDictionary().tensor(of: Element.self, rowShape: rowShape, nulls: nulls)
    }
    let (leaf, width) = try flattened(fixedWidth: rowShape?.elementCount, nulls: nulls)
    let perRow = width ?? 1
    let values = try leaf.elements(of: Element.self, perRow: width, nulls: nulls)
    if width == nil, rowShape == nil || rowShape == [] { return values }
    return try Self.shaped(values, rows: count, rowShape ?? [perRow])
  }

  private static func shaped<Element>(
    _ values: Tensor<Element>, rows: Int, _ rowShape: Shape?
  ) throws -> Tensor<Element> {
    let perRow = rows == 0 ? 0 : values.count / rows
    var shape = rowShape ?? [perRow]
    if let open = shape.firstIndex(where: { $0 < 0 }) {
      let known = Shape(shape.filter { $0 >= 0 }).elementCount ?? 0
      shape[open] = known == 0 || rows == 0 ? 0 : perRow / known
    }
    guard let result = try? values.reshaped(to: shape.batched(rows)) else {
      throw ArrowConversionError.shape(found: perRow, expected: rowShape ?? [perRow])
    }
    return result
  }

  /// The innermost elements of a list column, and how many of them make a row (`nil` for a plain
  /// column); every row is checked.
  private func flattened<Element>(
    fixedWidth: Int?, nulls: NullConversion<Element>
  ) throws -> (leaf: ArrowColumn, width: Int?) {
    guard type.listElement != nil else { return (self, nil) }
    if let row = firstNull { throw ArrowConversionError.null(row: row) }
    if count == 0 { return (children[0].slice(0..<0), fixedWidth ?? 0) }
    let first = valueRange(0)
    let child = children[0]
    let isNested = child.type.listElement != nil
    let expected = isNested ? first.count : fixedWidth ?? first.count
    try checkWidths(expected)
    let inner = child.slice(first.lowerBound..<first.lowerBound + expected * count)
    do {
      let (leaf, innerWidth) = try inner.flattened(
        fixedWidth: fixedWidth.map { expected == 0 ? 0 : $0 / expected }, nulls: nulls)
      return (leaf, expected * (innerWidth ?? 1))
    } catch ArrowConversionError.null(let element) where isNested {
      throw ArrowConversionError.nullElement(row: element / expected, index: element % expected)
    } catch ArrowConversionError.ragged(let element, let found, let wanted) where isNested {
      throw ArrowConversionError.ragged(row: element / expected, found: found, expected: wanted)
    }
  }

  /// Checks that every list has `expected` elements.
  private func checkWidths(_ expected: Int) throws {
    func check<Offset: FixedWidthInteger & BitwiseCopyable>(_: Offset.Type) throws {
      try buffers[0].withElements(of: Offset.self) { offsets in
        var differs = false
        for row in offset..<offset + count {
          differs = differs || Int(offsets[row + 1] - offsets[row]) != expected
        }
        if !differs { return }
        for row in 0..<count where valueRange(row).count != expected {
          throw ArrowConversionError.ragged(
            row: row, found: valueRange(row).count, expected: expected)
        }
      }
    }
    switch type {
    case .largeList: try check(Int64.self)
    case .fixedSizeList(_, let width):
      if width != expected {
        throw ArrowConversionError.ragged(row: 0, found: width, expected: expected)
      }
    default: try check(Int32.self)
    }
  }

  /// The rows of a plain column as a one-dimensional tensor. For errors, `perRow` of them make a row
  /// of the list column that they come from.
  private func elements<Element: TensorElement>(
    of: Element.Type, perRow: Int?, nulls: NullConversion<Element>
  ) throws -> Tensor<Element> {
    var fill: Element?
    if let null = firstNull {
      guard case .fill(let value) = nulls else {
        guard let perRow else { throw ArrowConversionError.null(row: null) }
        throw ArrowConversionError.nullElement(row: null / perRow, index: null % perRow)
      }
      fill = value
    }
    let values = try convertedElements(of: Element.self)
    guard let fill else { return values }
    return Tensor(shape: [count]) { output in
      values.withUnsafeBufferPointer { input in
        for index in 0..<count {
          output.initializeElement(at: index, to: isNull(index) ? fill : input[index])
        }
      }
    }
  }

  private func convertedElements<Element: TensorElement>(of: Element.Type) throws -> Tensor<Element>
  {
    if let bits {
      let truths = Tensor<Bool>(shape: [count]) { output in
        for index in 0..<count { output.initializeElement(at: index, to: bits[index]) }
      }
      if let same = truths as? Tensor<Element> { return same }
      return try Self.convert(truths.map { $0 ? UInt8(1) : 0 }, to: Element.self)
    }
    switch type {
    case .int8: return try Self.convert(view(Int8.self), to: Element.self)
    case .int16: return try Self.convert(view(Int16.self), to: Element.self)
    case .int32, .date32: return try Self.convert(view(Int32.self), to: Element.self)
    case .int64, .timestamp, .date64, .duration:
      return try Self.convert(view(Int64.self), to: Element.self)
    case .uint8: return try Self.convert(view(UInt8.self), to: Element.self)
    case .uint16: return try Self.convert(view(UInt16.self), to: Element.self)
    case .uint32: return try Self.convert(view(UInt32.self), to: Element.self)
    case .uint64: return try Self.convert(view(UInt64.self), to: Element.self)
    case .float16: return try Self.convert(view(Float16.self), to: Element.self)
    case .float32: return try Self.convert(view(Float.self), to: Element.self)
    case .float64: return try Self.convert(view(Double.self), to: Element.self)
    case .decimal(_, _, let scale):
      let power = (0..<abs(scale)).reduce(1.0) { result, _ in result * 10 }
      let numbers = (0..<count).map { row -> Double in
        guard case .decimal(let decimal) = value(at: row) else { return 0 }
        let unscaled = Double(decimal.unscaledDigits) ?? .nan
        return scale < 0 ? unscaled * power : unscaled / power
      }
      return try Self.convert(Tensor(numbers), to: Element.self)
    default:
      throw ArrowConversionError.type(found: "\(type)", expected: Element.elementType)
    }
  }

  private func view<Element: TensorElement>(_: Element.Type) throws -> Tensor<Element> {
    let buffer = buffers[0]
    return try Tensor(
      viewing: buffer.storage,
      byteOffset: buffer.byteOffset + offset * MemoryLayout<Element>.stride, shape: [count])
  }

  private static func convert<Source: NumericTensorElement, Element: TensorElement>(
    _ tensor: Tensor<Source>, to: Element.Type
  ) throws -> Tensor<Element> {
    if let same = tensor as? Tensor<Element> { return same }
    guard let numeric = Element.self as? any NumericTensorElement.Type else {
      throw ArrowConversionError.type(
        found: "\(ArrowType(Source.elementType))", expected: Element.elementType)
    }
    func converted<Target: NumericTensorElement>(_: Target.Type) -> Tensor<Element>? {
      tensor.converted(to: Target.self) as? Tensor<Element>
    }
    guard let result = converted(numeric) else {
      throw ArrowConversionError.type(
        found: "\(ArrowType(Source.elementType))", expected: Element.elementType)
    }
    return result
  }

  /// A binary column as rows of little-endian elements: a view where the memory is aligned.
  private func rawTensor<Element: TensorElement>(rowShape: Shape?) throws -> Tensor<Element> {
    let size = MemoryLayout<Element>.stride
    if let row = firstNull { throw ArrowConversionError.null(row: row) }
    if count == 0 { return Tensor(shape: [0]) { _ in } }
    let firstLength = withBytes(0) { $0.count }
    let expected = rowShape?.elementCount ?? firstLength / size
    for row in 0..<count {
      let length = withBytes(row) { $0.count }
      if length != expected * size {
        throw ArrowConversionError.ragged(row: row, found: length / size, expected: expected)
      }
    }
    if type == .binary || type == .largeBinary {
      let data = buffers[1]
      let start = data.byteOffset + valueRange(0).lowerBound
      let address = Int(bitPattern: data.storage.baseAddress) + start
      if address.isMultiple(of: MemoryLayout<Element>.alignment) {
        return try Tensor(viewing: data.storage, byteOffset: start, shape: [count * expected])
      }
    }
    return Tensor(shape: [count * expected]) { output in
      let target = UnsafeMutableRawBufferPointer(output)
      for row in 0..<count {
        withBytes(row) { bytes in
          UnsafeMutableRawBufferPointer(
            rebasing: target[row * expected * size..<(row + 1) * expected * size]
          ).copyMemory(from: bytes)
        }
      }
    }
  }

  /// A struct of numbers as rows of one element for each field.
  private func structTensor<Element: TensorElement>(
    rowShape: Shape?, nulls: NullConversion<Element>
  ) throws -> Tensor<Element> {
    if let row = firstNull { throw ArrowConversionError.null(row: row) }
    let columns = try children.indices.map { index -> Tensor<Element> in
      do {
        return try field(index).elements(of: Element.self, perRow: nil, nulls: nulls)
      } catch ArrowConversionError.null(let row) {
        throw ArrowConversionError.nullElement(row: row, index: index)
      }
    }
    return try Self.shaped(Tensor.interleaving(columns), rows: count, rowShape)
  }
}

extension Tensor {
  /// One-dimensional tensors of equal length side by side: `n` tensors of `[rows]` give `[rows, n]`.
  public static func interleaving(_ columns: [Tensor]) -> Tensor {
    let rows = columns.first?.count ?? 0
    precondition(columns.allSatisfy { $0.count == rows }, "columns of different lengths")
    return Tensor(shape: [rows, columns.count]) { output in
      for (index, column) in columns.enumerated() {
        column.withUnsafeBufferPointer { input in
          var position = index
          for row in 0..<rows {
            output.initializeElement(at: position, to: input[row])
            position += columns.count
          }
        }
      }
    }
  }
}
