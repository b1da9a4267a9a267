import Models
import Tensors

/// A tensor as the runtime holds it, with what must live as long.
final class ONNXValue: @unchecked Sendable {
  let pointer: OpaquePointer
  /// Its session has the allocator that the value's memory comes from.
  private let handle: ONNXSessionHandle
  private let api: ONNXAPI

  /// Takes over a value of the runtime.
  init(owning pointer: OpaquePointer, handle: ONNXSessionHandle) {
    self.pointer = pointer
    self.handle = handle
    api = handle.api
  }

  deinit { api.releaseValue(pointer) }

  /// A value over the memory of `tensor`, which must outlive it; strings are copied.
  convenience init(_ tensor: AnyTensor, for handle: ONNXSessionHandle) throws(ONNXStatus) {
    let api = handle.api
    let dimensions = tensor.shape.dimensions.map(Int64.init)
    let code = ElementType.onnx[tensor.elementType]
    if case .string(let strings) = tensor {
      let pointer = try api.object {
        api.createTensor(handle.allocator, dimensions, dimensions.count, code, $0)
      }
      self.init(owning: pointer, handle: handle)
      try fill(with: strings)
      return
    }
    guard let fixedWidth = tensor.fixedWidth, let count = fixedWidth.shape.elementCount,
      let width = fixedWidth.elementType.byteCount
    else { throw ONNXStatus(code: 2, text: "the tensor has no fixed shape") }
    let (storage, byteOffset) = fixedWidth.memory
    let pointer = try api.object {
      api.createTensorOverMemory(
        handle.memoryInfo, storage.baseAddress + byteOffset, count * width, dimensions,
        dimensions.count, code, $0)
    }
    self.init(owning: pointer, handle: handle)
  }

  private func fill(with strings: StringTensor) throws(ONNXStatus) {
    for index in 0..<strings.count {
      let range = strings.offsets[index]..<strings.offsets[index + 1]
      var buffer: UnsafeMutablePointer<CChar>?
      // Unlike the runtime's other setters, this one keeps NUL characters.
      try api.check(api.stringBuffer(pointer, index, range.count, &buffer))
      guard let buffer, !range.isEmpty else { continue }
      UnsafeMutableRawBufferPointer(start: buffer, count: range.count)
        .copyBytes(from: strings.bytes[range])
    }
  }

  /// The value as a tensor that shares its memory and keeps it alive, with the session, and with
  /// those of `inputs` in whose memory the output lies; strings are copied.
  ///
  /// - Throws: ``ONNXStatus`` if it is something else than a tensor of a known element type.
  func tensor(inputs: [AnyTensor]) throws -> AnyTensor {
    let kind: Int32 = try api.number { api.kindOfValue(pointer, $0) }
    guard kind == ONNXValueType.tensorKind else {
      throw ONNXStatus(code: 1, text: "it is \(ONNXValueType.other(kind)), not a tensor")
    }
    let info = try api.object { api.shapeOfValue(pointer, $0) }
    defer { api.releaseShape(info) }
    let code: Int32 = try api.number { api.elementType(info, $0) }
    let shape = try api.shape(of: info)
    guard let type = ElementType.onnx.type(code) else {
      throw ONNXStatus(code: 1, text: "it is a tensor of \(ElementType.onnx.name(code))")
    }
    guard let count = shape.elementCount, count > 0 else {
      return try AnyTensor(emptyOf: type, shape: shape)
    }
    guard let width = type.byteCount else { return .string(try strings(shape, count: count)) }
    var address: UnsafeMutableRawPointer?
    try api.check(api.data(pointer, &address))
    guard let address else { throw ONNXStatus(code: 1, text: "it has no memory on the CPU") }
    let kept = inputs.storages(around: address)
    let storage = TensorStorage(
      foreign: address, byteCount: count * width,
      release: { withExtendedLifetime((self, kept)) {} })
    return try AnyTensor(viewing: storage, elementType: type, shape: shape)
  }

  /// The value, a sequence of maps or one map, as rows. Maps are in the order of their keys.
  ///
  /// - Throws: ``ONNXStatus`` if it is something else, or a number cannot be held exactly.
  func maps() throws -> MapRows {
    var rows = MapRows()
    let kind: Int32 = try api.number { api.kindOfValue(pointer, $0) }
    switch kind {
    case ONNXValueType.mapKind: rows.append(try entries())
    case ONNXValueType.sequenceKind:
      let count: Int = try api.number { api.partCount(pointer, $0) }
      for index in 0..<count { rows.append(try part(index).entries()) }
    default: throw ONNXStatus(code: 1, text: "it is no map")
    }
    return rows
  }

  /// The value, a sequence of tensors; each of them lives on without it.
  ///
  /// - Throws: ``ONNXStatus`` if it is something else.
  func tensors() throws -> [AnyTensor] {
    let kind: Int32 = try api.number { api.kindOfValue(pointer, $0) }
    guard kind == ONNXValueType.sequenceKind else {
      throw ONNXStatus(code: 1, text: "it is no sequence")
    }
    let count: Int = try api.number { api.partCount(pointer, $0) }
    return try (0..<count).map { try part($0).tensor(inputs: []) }
  }

  /// The element of a sequence, or the keys (0) or values (1) of a map.
  private func part(_ index: Int) throws(ONNXStatus) -> ONNXValue {
    let part = try api.object {
      api.partOfValue(pointer, Int32(index), handle.allocator, $0)
    }
    return ONNXValue(owning: part, handle: handle)
  }

  private func entries() throws -> [(String, Double)] {
    let keys: [String] =
      switch try part(0).tensor(inputs: []) {
      case .int64(let keys): keys.scalars.map { "\($0)" }
      case .string(let keys): keys.strings
      case let other: throw ONNXStatus(code: 1, text: "its keys are \(other.elementType)")
      }
    let values: [Double]
    switch try part(1).tensor(inputs: []) {
    case .float32(let numbers): values = numbers.scalars.map { Double($0) }
    case .float64(let numbers): values = numbers.scalars
    case .int64(let numbers):
      values = try numbers.scalars.map { number in
        guard let value = Double(exactly: number) else {
          throw ONNXStatus(code: 1, text: "a double cannot hold the value \(number) exactly")
        }
        return value
      }
    case let other: throw ONNXStatus(code: 1, text: "its values are \(other.elementType)")
    }
    return Array(zip(keys, values))
  }

  private func strings(_ shape: Shape, count: Int) throws -> StringTensor {
    let byteCount: Int = try api.number { api.stringByteCount(pointer, $0) }
    var offsets = [Int](repeating: 0, count: count)
    let bytes = try [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, filled in
      // With no bytes at all the buffer may have no address, which the runtime refuses.
      var nothing: UInt8 = 0
      if let base = buffer.baseAddress {
        try api.check(api.strings(pointer, base, byteCount, &offsets, count))
      } else {
        try api.check(api.strings(pointer, &nothing, byteCount, &offsets, count))
      }
      filled = byteCount
    }
    return try StringTensor(offsets: offsets + [byteCount], bytes: bytes, shape: shape)
  }
}
