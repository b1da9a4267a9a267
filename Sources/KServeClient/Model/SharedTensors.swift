import Glibc
import Logging
import Synchronization
import Tensors

/// Sends tensors through memory that this process and the server both map.
///
/// Each call takes a pair of regions from a pool, which grow as needed. The first refusal by the server
/// ends the sharing: tensors travel in the messages from then on.
final class SharedTensors: Sendable {
  private struct Region {
    let name: String
    let memory: SharedMemoryRegion
  }

  private struct Pair {
    var input: Region?
    var output: Region?
  }

  private struct State {
    var idle: [Pair] = []
    var count = 0
    var isRefused = false
  }

  private let client: KServeClient
  private let prefix: String
  private let state = Mutex(State())

  init(client: KServeClient) {
    self.client = client
    let number = UInt32.random(in: .min ... .max)
    prefix = "needletail-\(getpid())-\(String(number, radix: 16))"
  }

  /// Runs an inference with its tensors in shared memory; `nil` if the server does not share any.
  func infer(
    _ request: InferRequest, outputs: [TensorSpecification]
  ) async throws -> InferResponse? {
    guard !state.withLock(\.isRefused) else { return nil }
    var pair = state.withLock { $0.idle.popLast() } ?? Pair()
    var sharing = request
    do {
      let sizes = request.inputs.map { $0.bytes?.byteCount ?? 0 }
      try await grow(&pair.input, to: sizes.reduce(0) { $0 + Self.aligned($1) })
      place(&sharing, in: pair.input)
      let rows = request.inputs.first?.shape.first ?? 0
      let room = sharing.outputs.map { Self.size(of: $0.name, outputs, rows: rows) }
      try await grow(&pair.output, to: room.reduce(0) { $0 + Self.aligned($1 ?? 0) })
      var offset = 0
      for index in sharing.outputs.indices {
        guard let size = room[index], size > 0, let region = pair.output else { continue }
        sharing.outputs[index].sharedMemory = SharedMemoryLocation(
          region: region.name, offset: offset, byteSize: size)
        offset += Self.aligned(size)
      }
    } catch {
      await discard(pair)
      guard let error = error as? KServeError else { throw error }
      let isFirst = state.withLock { state in
        defer { state.isRefused = true }
        return !state.isRefused
      }
      if isFirst {
        Logger(label: "needletail.kserve").notice(
          "\(client.endpoint) does not share memory, tensors travel in messages: \(error.message)")
      }
      return nil
    }
    do {
      var response = try await client.infer(sharing)
      for index in response.outputs.indices {
        try copyOut(&response.outputs[index], from: pair.output)
      }
      state.withLock { $0.idle.append(pair) }
      return response
    } catch {
      // The server may still write to the regions of a call that was given up.
      await discard(pair)
      throw error
    }
  }

  /// Gives all regions back.
  func release() async {
    let pairs = state.withLock { state in
      defer { state.idle = [] }
      return state.idle
    }
    for pair in pairs { await discard(pair) }
  }

  private func discard(_ pair: Pair) async {
    for region in [pair.input, pair.output].compactMap({ $0 }) { await discard(region) }
  }

  private func discard(_ region: Region) async {
    region.memory.unlink()
    // A server that has gone has forgotten the region, too.
    try? await client.unregisterSharedMemory(region.name)
  }

  private func grow(_ region: inout Region?, to size: Int) async throws {
    guard size > 0, size > region?.memory.byteCount ?? 0 else { return }
    if let old = region {
      region = nil
      await discard(old)
    }
    let number = state.withLock { state in
      state.count += 1
      return state.count
    }
    let name = "\(prefix)-\(number)"
    // Half as much again, so that batches that vary do not make a region each.
    let memory = try SharedMemoryRegion.create(key: "/" + name, byteCount: size + size / 2)
    do {
      try await client.registerSharedMemory(
        name, key: "/" + name, byteCount: memory.byteCount)
    } catch {
      memory.unlink()
      throw error
    }
    region = Region(name: name, memory: memory)
  }

  private func place(_ request: inout InferRequest, in region: Region?) {
    var offset = 0
    for index in request.inputs.indices {
      guard let bytes = request.inputs[index].bytes, bytes.byteCount > 0, let region else {
        continue
      }
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(
          start: region.memory.storage.baseAddress + offset, count: source.count
        ).copyMemory(from: source)
      }
      request.inputs[index].contents = .sharedMemory(
        SharedMemoryLocation(region: region.name, offset: offset, byteSize: bytes.byteCount))
      offset += Self.aligned(bytes.byteCount)
    }
  }

  private func copyOut(_ output: inout InferTensor, from region: Region?) throws {
    guard case .sharedMemory(let location) = output.contents else { return }
    guard let region, location.region == region.name,
      let size = try output.datatype.byteCount(ofShape: output.shape, tensor: output.name),
      location.offset >= 0, size <= region.memory.byteCount - location.offset
    else {
      throw KServeError(
        .internal,
        "the server put the output '\(output.name)' into the region '\(location.region)' at "
          + "\(location.offset), which was not offered")
    }
    output.contents = .raw(
      TensorBytes(
        copying: UnsafeRawBufferPointer(
          start: region.memory.storage.baseAddress + location.offset, count: size)))
  }

  /// The bytes of an output for `rows` rows, `nil` if its shape does not tell.
  private static func size(
    of name: String, _ outputs: [TensorSpecification], rows: Int
  ) -> Int? {
    guard let output = outputs.first(where: { $0.name == name }),
      let width = output.elementType.byteCount, output.shape.rank > 0,
      output.shape.dimensions[0] == Shape.dynamic,
      !output.rowShape.dimensions.contains(Shape.dynamic), let count = output.rowShape.elementCount
    else { return nil }
    let (size, overflow) = (count * width).multipliedReportingOverflow(by: rows)
    return overflow ? nil : size
  }

  private static func aligned(_ size: Int) -> Int { (size + 63) & ~63 }
}
