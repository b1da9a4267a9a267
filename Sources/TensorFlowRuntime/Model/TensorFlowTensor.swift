import Tensors

/// A tensor as the runtime holds it.
final class TensorFlowTensor: @unchecked Sendable {
  let pointer: OpaquePointer
  private let api: TensorFlowAPI

  /// Takes over a tensor of the runtime.
  init(owning pointer: OpaquePointer, api: TensorFlowAPI) {
    self.pointer = pointer
    self.api = api
  }

  deinit { api.deleteTensor(pointer) }

  /// A tensor over the memory of `tensor`, which it keeps alive for as long as the runtime needs it.
  /// The runtime copies numbers whose memory is not aligned as it likes (to 64 bytes); strings are
  /// copied in one block.
  ///
  /// - Parameter copiesStrings: whether each string shall own its bytes, because an operator may keep
  ///   it beyond the run.
  convenience init(
    _ tensor: AnyTensor, copiesStrings: Bool, api: TensorFlowAPI
  ) throws(TensorFlowStatus) {
    let dimensions = tensor.shape.dimensions.map(Int64.init)
    let rank = Int32(clamping: dimensions.count)
    let code = ElementType.tensorFlow[tensor.elementType]
    let pointer: OpaquePointer?
    if case .string(let strings) = tensor {
      let byteCount = strings.count * TensorFlowAPI.stringStride
      if copiesStrings {
        pointer = api.allocateTensor(code, dimensions, rank, byteCount)
        if let memory = pointer.flatMap(api.data) { Self.copy(strings, to: memory, api) }
      } else {
        let block = Self.block(of: strings, api)
        pointer = api.tensorOverMemory(
          code, dimensions, rank, block.baseAddress, byteCount, Self.release,
          Unmanaged.passRetained(block).toOpaque())
      }
    } else {
      guard let fixedWidth = tensor.fixedWidth, let count = fixedWidth.shape.elementCount,
        let width = fixedWidth.elementType.byteCount
      else { throw TensorFlowStatus(code: 3, text: "a tensor has no fixed shape") }
      let (storage, byteOffset) = fixedWidth.memory
      pointer = api.tensorOverMemory(
        code, dimensions, rank, storage.baseAddress + byteOffset, count * width, Self.release,
        Unmanaged.passRetained(storage).toOpaque())
    }
    self.init(owning: try api.made(pointer), api: api)
  }

  /// Called by the runtime when it needs the memory no longer.
  private static let release: TensorFlowAPI.Deallocator = { _, _, owner in
    if let owner { Unmanaged<TensorStorage>.fromOpaque(owner).release() }
  }

  private static func copy(
    _ strings: StringTensor, to memory: UnsafeMutableRawPointer, _ api: TensorFlowAPI
  ) {
    strings.bytes.withUnsafeBytes { bytes in
      for index in 0..<strings.count {
        let element = memory + index * TensorFlowAPI.stringStride
        api.startString(element)
        let (start, end) = (strings.offsets[index], strings.offsets[index + 1])
        if start < end, let base = bytes.baseAddress {
          api.copyString(element, (base + start).assumingMemoryBound(to: CChar.self), end - start)
        }
      }
    }
  }

  /// The elements, and behind them the bytes that they point to.
  private static func block(of strings: StringTensor, _ api: TensorFlowAPI) -> TensorStorage {
    let elementBytes = strings.count * TensorFlowAPI.stringStride
    let block = TensorStorage(byteCount: elementBytes + strings.bytes.count)
    let text = block.baseAddress + elementBytes
    strings.bytes.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { text.copyMemory(from: base, byteCount: bytes.count) }
    }
    let characters = UnsafePointer(text.assumingMemoryBound(to: CChar.self))
    strings.offsets.withUnsafeBufferPointer { offsets in
      for index in 0..<strings.count {
        let element = block.baseAddress + index * TensorFlowAPI.stringStride
        api.startString(element)
        api.viewString(
          element, characters + offsets[index], offsets[index + 1] - offsets[index])
      }
    }
    return block
  }

  /// Where the runtime keeps the elements.
  var address: UnsafeMutableRawPointer? { api.data(pointer) }

  /// The tensor as one that shares its memory and keeps it alive; strings are copied.
  ///
  /// - Throws: ``TensorFlowStatus`` if its element type is unknown; ``TensorError``.
  func tensor() throws -> AnyTensor {
    let code = api.tensorType(pointer)
    guard let type = ElementType.tensorFlow.type(code) else {
      throw TensorFlowStatus(
        code: 12, text: "it is a tensor of \(ElementType.tensorFlow.name(code))")
    }
    let shape = Shape((0..<max(0, api.rank(pointer))).map { Int(api.dimension(pointer, $0)) })
    guard let count = shape.elementCount, count > 0 else {
      return try AnyTensor(emptyOf: type, shape: shape)
    }
    guard let address else { throw TensorFlowStatus(code: 13, text: "it has no memory") }
    let byteCount = api.byteCount(pointer)
    guard byteCount >= count * (type.byteCount ?? TensorFlowAPI.stringStride) else {
      throw TensorFlowStatus(code: 13, text: "it has \(byteCount) bytes for the shape \(shape)")
    }
    if type == .string { return .string(try strings(at: address, count: count, shape: shape)) }
    let storage = TensorStorage(
      foreign: address, byteCount: byteCount, release: { withExtendedLifetime(self) {} })
    return try AnyTensor(viewing: storage, elementType: type, shape: shape)
  }

  private func strings(
    at address: UnsafeMutableRawPointer, count: Int, shape: Shape
  ) throws -> StringTensor {
    var offsets = [0]
    offsets.reserveCapacity(count + 1)
    var total = 0
    for index in 0..<count {
      total += api.stringCount(address + index * TensorFlowAPI.stringStride)
      offsets.append(total)
    }
    let bytes = [UInt8](unsafeUninitializedCapacity: total) { buffer, filled in
      for index in 0..<count {
        let size = offsets[index + 1] - offsets[index]
        guard size > 0, let base = buffer.baseAddress,
          let source = api.stringBytes(address + index * TensorFlowAPI.stringStride)
        else { continue }
        UnsafeMutableRawPointer(base + offsets[index]).copyMemory(from: source, byteCount: size)
      }
      filled = total
    }
    return try StringTensor(offsets: offsets, bytes: bytes, shape: shape)
  }
}
