import Tensors

extension AnyTensor {
  /// The bytes that rows `range` have in a message.
  func wireByteCount(_ range: Range<Int>) -> Int {
    let perRow = Shape(Array(shape.dimensions.dropFirst())).elementCount ?? 0
    if case .string(let strings) = self {
      let (first, end) = (range.lowerBound * perRow, range.upperBound * perRow)
      return strings.offsets[end] - strings.offsets[first] + 4 * (end - first)
    }
    return range.count * perRow * (elementType.byteCount ?? 0)
  }

  /// The rows of all `parts`, which have the same element type and row shape, one after the other.
  init(joining parts: [AnyTensor], tensor name: String) throws {
    guard let first = parts.first else { throw TensorError("no tensors to join") }
    let rowShape = first.shape.dimensions.dropFirst()
    guard
      parts.allSatisfy({
        $0.elementType == first.elementType && $0.shape.dimensions.dropFirst() == rowShape
      })
    else {
      throw KServeError(
        .internal,
        "the output '\(name)' came in parts of different shapes: "
          + parts.map(\.shape.description).joined(separator: ", "))
    }
    let shape = Shape([parts.reduce(0) { $0 + $1.rowCount }] + rowShape)
    guard let width = first.elementType.byteCount else {
      var offsets = [0]
      var bytes: [UInt8] = []
      for case .string(let part) in parts {
        offsets.append(contentsOf: part.offsets.dropFirst().map { $0 + bytes.count })
        bytes.append(contentsOf: part.bytes)
      }
      self = .string(try StringTensor(offsets: offsets, bytes: bytes, shape: shape))
      return
    }
    let storage = TensorStorage(byteCount: (shape.elementCount ?? 0) * width)
    var position = 0
    for part in parts {
      guard let (source, byteOffset) = part.fixedWidth?.memory else { continue }
      let count = (part.shape.elementCount ?? 0) * width
      (storage.baseAddress + position).copyMemory(
        from: source.baseAddress + byteOffset, byteCount: count)
      withExtendedLifetime(source) {}
      position += count
    }
    try self.init(viewing: storage, elementType: first.elementType, shape: shape)
  }
}
