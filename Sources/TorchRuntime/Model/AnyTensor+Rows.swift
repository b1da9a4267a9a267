import Tensors

extension AnyTensor {
  /// A tensor of zeros.
  init(zerosOf type: ElementType, shape: Shape) throws {
    guard let count = shape.elementCount, let width = type.byteCount,
      case let (bytes, overflow) = count.multipliedReportingOverflow(by: width), !overflow
    else { throw TensorError("a tensor of \(type) cannot have the shape \(shape)") }
    let storage = TensorStorage(byteCount: bytes)
    storage.baseAddress.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    try self.init(viewing: storage, elementType: type, byteOffset: 0, shape: shape)
  }

  /// The tensors one after the other along the first dimension.
  static func concatenating(_ parts: [AnyTensor]) throws -> AnyTensor {
    guard let first = parts.first else { throw TensorError("no tensors to concatenate") }
    if parts.count == 1 { return first }
    let rows = parts.reduce(0) { $0 + $1.rowCount }
    guard let rowBytes = first.rowMemory?.rowBytes else {
      throw TensorError("strings cannot be concatenated")
    }
    let storage = TensorStorage(byteCount: rows * rowBytes)
    var done = 0
    for part in parts {
      guard part.elementType == first.elementType, part.shape.rowShape == first.shape.rowShape,
        let (source, byteOffset, _) = part.rowMemory
      else {
        throw TensorError(
          "tensors of shapes \(first.shape) and \(part.shape) cannot be concatenated along rows")
      }
      let count = part.rowCount * rowBytes
      (storage.baseAddress + done).copyMemory(
        from: source.baseAddress + byteOffset, byteCount: count)
      withExtendedLifetime(source) {}
      done += count
    }
    return try AnyTensor(
      viewing: storage, elementType: first.elementType, byteOffset: 0,
      shape: first.shape.rowShape.batched(rows))
  }

  /// Where the rows lie and how many bytes each has; `nil` for strings.
  private var rowMemory: (storage: TensorStorage, byteOffset: Int, rowBytes: Int)? {
    guard let fixedWidth, let width = elementType.byteCount else { return nil }
    let (storage, byteOffset) = fixedWidth.memory
    return (storage, byteOffset, width * shape.dimensions.dropFirst().reduce(1, *))
  }
}
