public import Tensors

extension InferTensor {
  /// The tensor as it travels: a view of its memory, except that strings are encoded.
  public init(name: String, tensor: AnyTensor) {
    let bytes: TensorBytes
    if case .string(let strings) = tensor {
      bytes = strings.wireBytes
    } else if let fixedWidth = tensor.fixedWidth, let width = tensor.elementType.byteCount {
      let (storage, byteOffset) = fixedWidth.memory
      bytes = TensorBytes(
        storage, byteOffset: byteOffset, byteCount: (tensor.shape.elementCount ?? 0) * width)
    } else {
      bytes = TensorBytes(TensorStorage(byteCount: 0))
    }
    self.init(
      name: name, datatype: TensorDatatype(tensor.elementType), shape: tensor.shape.dimensions,
      contents: .raw(bytes))
  }

  /// The tensor: a view of the bytes, or a copy if they are not aligned.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` if the bytes are not those
  ///   of the shape, or are in shared memory.
  public func tensor() throws(KServeError) -> AnyTensor {
    guard let bytes else {
      throw KServeError(
        .invalidArgument,
        "the tensor '\(name)' is in shared memory, where this process does not look")
    }
    let expected = try datatype.byteCount(ofShape: shape, tensor: name)
    guard let width = datatype.byteWidth, let expected else { return .string(try strings(bytes)) }
    guard expected == bytes.byteCount else {
      throw KServeError(
        .invalidArgument,
        "the tensor '\(name)' has \(bytes.byteCount) bytes, \(datatype) of the shape \(shape) needs "
          + "\(expected)")
    }
    let aligned =
      datatype == .bool
      ? bytes.asTruthValues
      : bytes.isAligned(to: width) ? bytes : bytes.withUnsafeBytes { TensorBytes(copying: $0) }
    do {
      return try AnyTensor(
        viewing: aligned.storage, elementType: datatype.elementType, byteOffset: aligned.byteOffset,
        shape: Shape(shape))
    } catch {
      throw KServeError(
        .invalidArgument, "the tensor '\(name)' cannot be viewed: \(error)", cause: error)
    }
  }

  /// Elements that each stand behind their length, 32 bits in little-endian order.
  private func strings(_ wire: TensorBytes) throws(KServeError) -> StringTensor {
    let count = Shape(shape).elementCount ?? 0
    var offsets: [Int] = [0]
    var bytes: [UInt8] = []
    bytes.reserveCapacity(wire.byteCount)
    let isWhole = wire.withUnsafeBytes { source in
      var position = 0
      while position < source.count {
        guard source.count - position >= 4 else { return false }
        let size = UInt32(
          littleEndian: source.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        position += 4
        guard Int(size) <= source.count - position else { return false }
        bytes.append(
          contentsOf: UnsafeRawBufferPointer(rebasing: source[position..<position + Int(size)]))
        position += Int(size)
        offsets.append(bytes.count)
      }
      return true
    }
    guard isWhole, offsets.count == count + 1 else {
      throw KServeError(
        .invalidArgument,
        "the tensor '\(name)' of the shape \(shape) needs \(count) elements, each behind its length of "
          + "4 bytes; its \(wire.byteCount) bytes hold "
          + (isWhole ? "\(offsets.count - 1)" : "a cut-off element"))
    }
    do {
      return try StringTensor(offsets: offsets, bytes: bytes, shape: Shape(shape))
    } catch {
      throw KServeError(
        .invalidArgument, "the tensor '\(name)' cannot be read: \(error)", cause: error)
    }
  }
}

extension TensorBytes {
  /// The same bytes, or a copy with 1 for each that is neither 0 nor 1, which no `Bool` may be.
  fileprivate var asTruthValues: TensorBytes {
    withUnsafeBytes { source in
      if source.allSatisfy({ $0 <= 1 }) { return self }
      let storage = TensorStorage(byteCount: source.count)
      for (index, byte) in source.enumerated() {
        storage.baseAddress.storeBytes(of: byte == 0 ? 0 : 1, toByteOffset: index, as: UInt8.self)
      }
      return TensorBytes(storage)
    }
  }
}

extension StringTensor {
  /// The elements, each behind its length.
  var wireBytes: TensorBytes {
    let storage = TensorStorage(byteCount: bytes.count + 4 * count)
    var position = storage.baseAddress
    bytes.withUnsafeBytes { source in
      for index in 0..<count {
        let size = offsets[index + 1] - offsets[index]
        position.storeBytes(of: UInt32(clamping: size).littleEndian, as: UInt32.self)
        position += 4
        guard size > 0, let base = source.baseAddress else { continue }
        position.copyMemory(from: base + offsets[index], byteCount: size)
        position += size
      }
    }
    return TensorBytes(storage)
  }
}
