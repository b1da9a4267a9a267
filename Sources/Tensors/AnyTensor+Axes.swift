extension AnyTensor {
  /// The elements with dimension `axis` first and the others in their order: `[a, n, b]` with axis 1
  /// gives `[n, a, b]`. A view where no element moves, else a copy.
  ///
  /// - Throws: ``TensorError`` if there is no such dimension.
  package func movingToFront(_ axis: Int) throws -> AnyTensor {
    guard shape.indices.contains(axis) else {
      throw TensorError("a tensor of shape \(shape) has no dimension \(axis)")
    }
    let (before, after) = (shape.prefix(axis), shape.suffix(from: axis + 1))
    return try exchanging(
      before.reduce(1, *), shape[axis], block: after.reduce(1, *),
      to: Shape([shape[axis]] + before + after))
  }

  /// The elements with the first dimension at `axis`: `[n, a, b]` with axis 1 gives `[a, n, b]`. A view
  /// where no element moves, else a copy.
  ///
  /// - Throws: ``TensorError`` if there is no such dimension.
  package func movingFront(to axis: Int) throws -> AnyTensor {
    guard shape.indices.contains(axis) else {
      throw TensorError("a tensor of shape \(shape) has no dimension \(axis)")
    }
    let (before, after) = (shape[1..<axis + 1], shape.suffix(from: axis + 1))
    return try exchanging(
      shape[0], before.reduce(1, *), block: after.reduce(1, *),
      to: Shape(before + [shape[0]] + after))
  }

  /// `first` times `second` blocks of elements in the order of the second index first.
  private func exchanging(
    _ first: Int, _ second: Int, block: Int, to shape: Shape
  ) throws -> AnyTensor {
    if first <= 1 || second <= 1 || block == 0 { return try reshaped(to: shape) }
    if case .string(let strings) = self {
      var offsets = [0]
      offsets.reserveCapacity(strings.offsets.count)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(strings.bytes.count)
      for j in 0..<second {
        for i in 0..<first {
          let start = (i * second + j) * block
          for element in start..<start + block {
            bytes += strings.bytes[strings.offsets[element]..<strings.offsets[element + 1]]
            offsets.append(bytes.count)
          }
        }
      }
      return .string(try StringTensor(offsets: offsets, bytes: bytes, shape: shape))
    }
    guard let (source, byteOffset) = fixedWidth?.memory, let width = elementType.byteCount else {
      return self
    }
    let size = block * width
    let storage = TensorStorage(byteCount: first * second * size)
    let start = source.baseAddress + byteOffset
    for i in 0..<first {
      for j in 0..<second {
        (storage.baseAddress + (j * first + i) * size).copyMemory(
          from: start + (i * second + j) * size, byteCount: size)
      }
    }
    withExtendedLifetime(source) {}
    return try AnyTensor(viewing: storage, elementType: elementType, shape: shape)
  }

  /// Whether both have the same type and shape, and the same elements bit for bit.
  package func isIdentical(to other: AnyTensor) -> Bool {
    guard elementType == other.elementType, shape == other.shape else { return false }
    guard let width = elementType.byteCount else { return self == other }
    guard let (left, leftOffset) = fixedWidth?.memory,
      let (right, rightOffset) = other.fixedWidth?.memory
    else { return false }
    let count = shape.reduce(1, *) * width
    defer { withExtendedLifetime((left, right)) {} }
    return UnsafeRawBufferPointer(start: left.baseAddress + leftOffset, count: count)
      .elementsEqual(
        UnsafeRawBufferPointer(start: right.baseAddress + rightOffset, count: count))
  }
}
