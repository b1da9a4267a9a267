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
      joined[specification.name] = requests.count == 1 ? first : try join(index, of: requests)
    }
    return joined
  }

  private mutating func join(_ index: Int, of requests: [QueuedRequest]) throws -> AnyTensor {
    try .joiningRows(requests.compactMap { $0.inputs[index] }) { byteCount in
      buffer(index, byteCount: byteCount)
    }
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

  /// The part of each output that belongs to the rows of one request; views, except of strings.
  static func part(
    of outputs: [String: AnyTensor], rows: Range<Int>, names: [String]
  ) throws -> [String: AnyTensor] {
    var result: [String: AnyTensor] = [:]
    result.reserveCapacity(names.count)
    for name in names { result[name] = try outputs[name]?.slicingRows(rows) }
    return result
  }
}
