extension AnyTensor {
  /// A view of `storage` with an element type known at run time.
  ///
  /// - Throws: `TensorError` when the storage does not fit.
  package init(
    viewing storage: TensorStorage, elementType: ElementType, byteOffset: Int = 0, shape: Shape
  ) throws {
    func view<Element: TensorElement>(_ type: Element.Type) throws -> Tensor<Element> {
      try Tensor(viewing: storage, byteOffset: byteOffset, shape: shape)
    }
    switch elementType {
    case .string: throw TensorError("strings have no fixed width")
    case .bool: self = .bool(try view(Bool.self))
    case .int8: self = .int8(try view(Int8.self))
    case .int16: self = .int16(try view(Int16.self))
    case .int32: self = .int32(try view(Int32.self))
    case .int64: self = .int64(try view(Int64.self))
    case .uint8: self = .uint8(try view(UInt8.self))
    case .uint16: self = .uint16(try view(UInt16.self))
    case .uint32: self = .uint32(try view(UInt32.self))
    case .uint64: self = .uint64(try view(UInt64.self))
    case .float16: self = .float16(try view(Float16.self))
    case .bfloat16: self = .bfloat16(try view(BFloat16.self))
    case .float32: self = .float32(try view(Float.self))
    case .float64: self = .float64(try view(Double.self))
    }
  }

  /// A tensor of zeros, or of empty strings.
  ///
  /// - Throws: `TensorError` when the shape is dynamic or does not fit memory.
  package init(zerosOf type: ElementType, shape: Shape) throws {
    guard let count = shape.elementCount,
      case let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount ?? 8),
      !overflow
    else { throw TensorError("a tensor of \(type) cannot have the shape \(shape)") }
    if type == .string {
      self = .string(
        StringTensor(unchecked: Array(repeating: 0, count: count + 1), bytes: [], shape: shape))
      return
    }
    let storage = TensorStorage(byteCount: bytes)
    storage.baseAddress.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    try self.init(viewing: storage, elementType: type, shape: shape)
  }

  /// A tensor without elements; `shape` has a dimension of size 0.
  ///
  /// - Throws: `TensorError` when it has none.
  package init(emptyOf type: ElementType, shape: Shape) throws {
    if type == .string {
      self = .string(try StringTensor(offsets: [0], bytes: [], shape: shape))
    } else {
      try self.init(viewing: TensorStorage(byteCount: 0), elementType: type, shape: shape)
    }
  }
}

extension [AnyTensor] {
  /// The memory of those of the tensors in which `address` lies: a runtime may give a part of an input
  /// as its output, which must then keep it.
  package func storages(around address: UnsafeMutableRawPointer) -> [TensorStorage] {
    compactMap { $0.fixedWidth?.memory.storage }.filter { storage in
      (storage.baseAddress..<storage.baseAddress + storage.byteCount).contains(address)
    }
  }
}
