extension AnyTensor {
  /// The rows in `range` of the first dimension: a view, except of strings.
  ///
  /// - Throws: ``TensorError`` if they are not there.
  package func slicingRows(_ range: Range<Int>) throws -> AnyTensor {
    guard shape.rank > 0, range.lowerBound >= 0, range.upperBound <= rowCount else {
      throw TensorError("a tensor of shape \(shape) has no rows \(range)")
    }
    if range.count == rowCount { return self }
    let perRow = shape.rowShape.reduce(1, *)
    let sliced = shape.rowShape.batched(range.count)
    if case .string(let strings) = self {
      let first = range.lowerBound * perRow
      let offsets = strings.offsets[first...first + range.count * perRow]
      let (start, end) = (offsets.first ?? 0, offsets.last ?? 0)
      return .string(
        try StringTensor(
          offsets: offsets.map { $0 - start }, bytes: Array(strings.bytes[start..<end]),
          shape: sliced))
    }
    guard let (storage, byteOffset) = fixedWidth?.memory, let width = elementType.byteCount else {
      return self
    }
    return try AnyTensor(
      viewing: storage, elementType: elementType,
      byteOffset: byteOffset + range.lowerBound * perRow * width, shape: sliced)
  }

  /// The rows with the last one repeated until there are `count`.
  ///
  /// - Throws: ``TensorError`` if there is no row.
  package func repeatingLastRow(until count: Int) throws -> AnyTensor {
    if shape.rank > 0, rowCount >= count { return self }
    guard shape.rank > 0, rowCount > 0 else {
      throw TensorError("a tensor of shape \(shape) has no row to repeat")
    }
    let perRow = shape.rowShape.reduce(1, *)
    let filled = shape.rowShape.batched(count)
    if case .string(let strings) = self {
      let start = strings.offsets[(rowCount - 1) * perRow]
      let last = strings.bytes[start...]
      let ends = strings.offsets.suffix(perRow)
      var (offsets, bytes) = (strings.offsets, strings.bytes)
      for _ in rowCount..<count {
        let shift = bytes.count - start
        offsets += ends.map { $0 + shift }
        bytes += last
      }
      return .string(try StringTensor(offsets: offsets, bytes: bytes, shape: filled))
    }
    guard let (source, byteOffset) = fixedWidth?.memory, let width = elementType.byteCount else {
      return self
    }
    let (rows, size) = (rowCount, perRow * width)
    let storage = TensorStorage(byteCount: count * size)
    let start = source.baseAddress + byteOffset
    storage.baseAddress.copyMemory(from: start, byteCount: rows * size)
    for row in rows..<count {
      (storage.baseAddress + row * size).copyMemory(
        from: start + (rows - 1) * size, byteCount: size)
    }
    withExtendedLifetime(source) {}
    return try AnyTensor(viewing: storage, elementType: elementType, shape: filled)
  }

  /// The rows of all `parts`, one after the other; a single part as it is.
  ///
  /// - Parameter storage: gives the memory for a number of bytes, or more of it, which nobody else
  ///   refers to. Strings have their own.
  /// - Throws: ``TensorError`` if there are no parts, or their element types or the shapes of their rows
  ///   differ.
  package static func joiningRows(
    _ parts: [AnyTensor],
    in storage: (_ byteCount: Int) -> TensorStorage = { TensorStorage(byteCount: $0) }
  ) throws -> AnyTensor {
    guard let first = parts.first else { throw TensorError("no tensors to join") }
    if parts.count == 1 { return first }
    let (type, row) = (first.elementType, first.shape.dimensions.dropFirst())
    var rows = 0
    for part in parts {
      let shape = part.shape
      guard let count = shape.first, part.elementType == type, shape.dimensions.dropFirst() == row
      else {
        throw TensorError(
          "rows of \(type)\(first.shape) and \(part.elementType)\(shape) cannot be joined")
      }
      rows += count
    }
    let shape = Shape([rows] + row)
    guard let elementCount = shape.elementCount else {
      throw TensorError("\(parts.count) tensors with rows of \(first.shape.rowShape) are too long")
    }
    guard let width = type.byteCount else { return .string(try joiningStrings(parts, shape)) }
    let joined = storage(elementCount * width)
    var position = 0
    for part in parts {
      guard let part = part.fixedWidth, let count = part.shape.elementCount else { continue }
      let (source, byteOffset) = part.memory
      (joined.baseAddress + position).copyMemory(
        from: source.baseAddress + byteOffset, byteCount: count * width)
      withExtendedLifetime(source) {}
      position += count * width
    }
    return try AnyTensor(viewing: joined, elementType: type, shape: shape)
  }

  private static func joiningStrings(_ parts: [AnyTensor], _ shape: Shape) throws -> StringTensor {
    var offsets = [0]
    var bytes: [UInt8] = []
    offsets.reserveCapacity((shape.elementCount ?? 0) + 1)
    for case .string(let part) in parts {
      let start = bytes.count
      bytes += part.bytes
      offsets += part.offsets.dropFirst().lazy.map { $0 + start }
    }
    return try StringTensor(offsets: offsets, bytes: bytes, shape: shape)
  }
}
