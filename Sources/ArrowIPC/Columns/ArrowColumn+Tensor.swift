public import Tensors

extension ArrowColumn {
  /// The column as a tensor `[rows] + rowShape`.
  ///
  /// Numbers of the same type are not copied: the tensor is a view over the column's memory. Numbers
  /// of another type are converted in one pass: integers and decimals exactly into integer types,
  /// all to the nearest number of floating-point types. A list column of any layout gives the
  /// elements of its lists: flat lists in whichever shape has as many, nested lists in a shape of
  /// their own dimensions. A binary column gives its bytes as little-endian elements; a struct column
  /// of numbers gives one element for each field. Dates, timestamps and durations give the numbers
  /// that stand for them, in the unit of the column's type.
  ///
  /// - Parameters:
  ///   - element: what the tensor's elements shall be; the surroundings tell it otherwise.
  ///   - rowShape: the shape of one row; by default `[]` for plain columns and, for the others,
  ///     that of the first row. Dimensions may be −1: one, or for nested lists any.
  ///   - nulls: what becomes of nulls.
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
    if type.listElement != nil {
      let (elements, shape) = try rowElements(rowShape)
      return try elements.elements(perRow: shape.elementCount ?? 0, nulls: nulls)
        .reshaped(to: shape.batched(count))
    }
    let values = try elements(of: Element.self, perRow: nil, nulls: nulls)
    if rowShape == nil || rowShape == [] { return values }
    return try Self.shaped(values, rows: count, rowShape)
  }

  private static func shaped<Element>(
    _ values: Tensor<Element>, rows: Int, _ rowShape: Shape?
  ) throws -> Tensor<Element> {
    let perRow = rows == 0 ? 0 : values.count / rows
    let wanted = rowShape ?? [perRow]
    guard let shape = wanted.filled(by: perRow, isEmpty: rows == 0) else {
      throw ArrowConversionError.shape(found: perRow, expected: wanted)
    }
    return try values.reshaped(to: shape.batched(rows))
  }

  /// The rows of a plain column as a one-dimensional tensor. For errors, `perRow` of them make a row
  /// of the list column that they come from.
  private func elements<Element: TensorElement>(
    of: Element.Type = Element.self, perRow: Int?, nulls: NullConversion<Element>
  ) throws -> Tensor<Element> {
    var fill: Element?
    if let null = firstNull {
      guard case .fill(let value) = nulls else {
        guard let perRow else { throw ArrowConversionError.null(row: null) }
        throw ArrowConversionError.nullElement(row: null / perRow, index: null % perRow)
      }
      fill = value
    }
    let values: Tensor<Element>
    do {
      values = try numbers(as: Element.self)
    } catch let number as InexactNumber {
      guard let perRow else {
        throw ArrowConversionError.inexact(row: number.index, index: nil, number: number)
      }
      throw ArrowConversionError.inexact(
        row: number.index / perRow, index: number.index % perRow, number: number)
    }
    guard let fill else { return values }
    return Tensor(shape: [count]) { output in
      // All at once, and then what is null: what is done for each element calls functions here, since the
      // type is known to the caller only.
      values.withUnsafeBufferPointer { _ = output.initialize(from: $0) }
      var null = firstNull
      while let index = null {
        output[index] = fill
        null = self.firstNull(from: index + 1)
      }
    }
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
        return try field(index).decodingDictionary().elements(perRow: nil, nulls: nulls)
      } catch ArrowConversionError.null(let row) {
        throw ArrowConversionError.nullElement(row: row, index: index)
      } catch ArrowConversionError.inexact(let row, _, let number) {
        throw ArrowConversionError.inexact(row: row, index: index, number: number)
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
        column.withUnsafeBytes { input in
          let target = UnsafeMutableRawBufferPointer(output)
          // Of a size that is known here an element is copied by a load and a store; one of a type that
          // only the caller knows, by a call.
          switch MemoryLayout<Element>.stride {
          case 1: Interleaving.copy(UInt8.self, input, to: target, from: index, step: columns.count)
          case 2:
            Interleaving.copy(UInt16.self, input, to: target, from: index, step: columns.count)
          case 4:
            Interleaving.copy(UInt32.self, input, to: target, from: index, step: columns.count)
          case 8:
            Interleaving.copy(UInt64.self, input, to: target, from: index, step: columns.count)
          case let size: preconditionFailure("elements of \(size) bytes")
          }
        }
      }
    }
  }
}

private enum Interleaving {
  /// Copies the numbers of `input` to every `step`th place of `output`, beginning at place `first`.
  static func copy<Bits: BitwiseCopyable>(
    _: Bits.Type, _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer,
    from first: Int, step: Int
  ) {
    let size = MemoryLayout<Bits>.size
    var target = first * size
    for source in stride(from: 0, to: input.count, by: size) {
      output.storeBytes(
        of: input.loadUnaligned(fromByteOffset: source, as: Bits.self), toByteOffset: target,
        as: Bits.self)
      target += step * size
    }
  }
}
