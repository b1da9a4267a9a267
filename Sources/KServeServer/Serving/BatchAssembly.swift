import KServeProtocol
import Models
import Tensors

/// Joins the inputs of several requests into one batch, and gives each request its part of the
/// outputs. Each model instance has one, since the memory is used again from batch to batch.
struct BatchAssembly {
  /// The memory of each input of the last joined batch.
  private var buffers: [TensorStorage?]

  init(inputCount: Int) { buffers = Array(repeating: nil, count: inputCount) }

  /// The inputs of `requests` by name: a single request's as they are, several requests' rows copied
  /// one after the other.
  mutating func join(
    _ requests: [QueuedRequest], specifications: [TensorSpecification]
  ) throws -> [String: AnyTensor] {
    var joined: [String: AnyTensor] = [:]
    joined.reserveCapacity(specifications.count)
    for (index, specification) in specifications.enumerated() {
      guard let first = requests[0].inputs[index] else { continue }
      joined[specification.name] =
        requests.count == 1
        ? first : try join(input: index, of: requests, elementType: first.elementType)
    }
    return joined
  }

  private mutating func join(
    input index: Int, of requests: [QueuedRequest], elementType: ElementType
  ) throws -> AnyTensor {
    let parts = requests.compactMap { $0.inputs[index] }
    let rows = parts.reduce(0) { $0 + $1.rowCount }
    let shape = parts[0].shape.rowShape.batched(rows)
    guard let width = elementType.byteCount else { return try Self.joinStrings(parts, shape) }
    let byteCount = (shape.elementCount ?? 0) * width
    let storage = buffer(index, byteCount: byteCount)
    var offset = 0
    for part in parts {
      guard let memory = part.fixedWidth?.memory else { continue }
      let size = (part.shape.elementCount ?? 0) * width
      (storage.baseAddress + offset).copyMemory(
        from: memory.storage.baseAddress + memory.byteOffset, byteCount: size)
      offset += size
    }
    return try AnyTensor(viewing: storage, elementType: elementType, shape: shape)
  }

  /// Memory of at least `byteCount` bytes that nobody else refers to: a model may have kept the last
  /// batch's, or given views of it as outputs that are still being sent.
  private mutating func buffer(_ index: Int, byteCount: Int) -> TensorStorage {
    if isKnownUniquelyReferenced(&buffers[index]), let storage = buffers[index],
      storage.byteCount >= byteCount
    {
      return storage
    }
    let storage = TensorStorage(byteCount: byteCount)
    buffers[index] = storage
    return storage
  }

  private static func joinStrings(_ parts: [AnyTensor], _ shape: Shape) throws -> AnyTensor {
    var offsets = [0]
    var bytes: [UInt8] = []
    for case .string(let part) in parts {
      let start = bytes.count
      bytes.append(contentsOf: part.bytes)
      offsets.append(contentsOf: part.offsets.dropFirst().lazy.map { $0 + start })
    }
    return .string(try StringTensor(offsets: offsets, bytes: bytes, shape: shape))
  }

  /// The part of each output that belongs to the rows of one request; views, except of strings.
  static func part(
    of outputs: [String: AnyTensor], rows: Range<Int>, names: [String]
  ) throws -> [String: AnyTensor] {
    var result: [String: AnyTensor] = [:]
    result.reserveCapacity(names.count)
    for name in names { result[name] = try outputs[name]?.rows(rows) }
    return result
  }
}

extension AnyTensor {
  /// The rows in `range` of the first dimension, which must lie within it.
  fileprivate func rows(_ range: Range<Int>) throws -> AnyTensor {
    if range.count == rowCount { return self }
    let rowShape = shape.rowShape
    let shape = rowShape.batched(range.count)
    guard let stride = rowShape.elementCount else {
      throw TensorError("the rows of a tensor of shape \(self.shape) have no size")
    }
    if case .string(let strings) = self {
      let elements = range.lowerBound * stride...range.upperBound * stride
      let start = strings.offsets[elements.lowerBound]
      let end = strings.offsets[elements.upperBound]
      return .string(
        try StringTensor(
          offsets: strings.offsets[elements].map { $0 - start },
          bytes: Array(strings.bytes[start..<end]), shape: shape))
    }
    guard let fixedWidth, let width = elementType.byteCount else { return self }
    let (storage, byteOffset) = fixedWidth.memory
    return try AnyTensor(
      viewing: storage, elementType: elementType,
      byteOffset: byteOffset + range.lowerBound * stride * width, shape: shape)
  }
}
