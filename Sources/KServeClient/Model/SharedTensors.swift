import Glibc
import Logging
import Synchronization
import Tensors

/// Sends tensors through memory that this process and the server both map.
///
/// Each call takes a pair of regions from a pool, which grow as needed. The first refusal by the server
/// ends the sharing: tensors travel in the messages from then on.
///
/// A region has a name in the file system only until the server has mapped it, so that none is left
/// behind however this process ends.
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
    /// What gives back the regions of calls that failed.
    var cleaning: [Int: Task<Void, Never>] = [:]
  }

  private let client: KServeClient
  private let prefix: String
  private let state = Mutex(State())

  init(client: KServeClient) {
    self.client = client
    let number = UInt32.random(in: .min ... .max)
    prefix = "\(client.options.sharedMemoryPrefix)-\(getpid())-\(String(number, radix: 16))"
  }

  /// Runs an inference with its tensors in shared memory; `nil` if the server does not share any.
  func infer(
    _ request: InferRequest, outputs: [TensorSpecification]
  ) async throws -> InferResponse? {
    for attempt in 0..<2 {
      guard !state.withLock(\.isRefused) else { return nil }
      var pair = state.withLock { $0.idle.popLast() } ?? Pair()
      let sharing: InferRequest
      do {
        sharing = try await share(request, outputs, in: &pair)
      } catch {
        abandon(pair)
        guard let error = error as? KServeError else { throw error }
        try refuse(error)
        return nil
      }
      do {
        var response = try await client.infer(sharing)
        for index in response.outputs.indices {
          try copyOut(&response.outputs[index], of: sharing, from: pair.output)
        }
        state.withLock { $0.idle.append(pair) }
        return response
      } catch {
        // The server may still write to the regions of a call that was given up.
        abandon(pair)
        // A server that was restarted does not know the regions that the one before had mapped.
        guard attempt == 0, let error = error as? KServeError, error.isLostRegion else {
          throw error
        }
        for idle in takeIdle() { abandon(idle) }
      }
    }
    return nil
  }

  /// Gives all idle regions back.
  func release() async {
    for pair in takeIdle() { abandon(pair) }
    for task in state.withLock({ $0.cleaning.values.map(\.self) }) { await task.value }
  }

  private func takeIdle() -> [Pair] {
    state.withLock { state in
      defer { state.idle = [] }
      return state.idle
    }
  }

  /// The request with its tensors, and the room for its outputs, in the regions of `pair`.
  private func share(
    _ request: InferRequest, _ outputs: [TensorSpecification], in pair: inout Pair
  ) async throws -> InferRequest {
    var sharing = request
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
    return sharing
  }

  private func refuse(_ error: KServeError) throws {
    // None of these tells whether the server shares memory.
    if error.code == .deadlineExceeded || error.code == .cancelled { throw error }
    if error.code == .unavailable { return }
    let isFirst = state.withLock { state in
      defer { state.isRefused = true }
      return !state.isRefused
    }
    guard isFirst else { return }
    Logger(label: "needletail.kserve").notice(
      "\(client.endpoint) does not share memory, tensors travel in messages: \(error.message)")
  }

  /// Gives regions back in a task of its own: the caller need not wait for a server that may be slow,
  /// or gone, and a caller that was cancelled could not call the server any more.
  @discardableResult private func abandon(_ pair: Pair) -> Task<Void, Never>? {
    let regions = [pair.input, pair.output].compactMap(\.self)
    if regions.isEmpty { return nil }
    return state.withLock { state in
      state.count += 1
      let number = state.count
      let task = Task {
        for region in regions {
          // A server that has gone has forgotten its regions, too.
          if await !self.unregister(region) { break }
        }
        self.state.withLock { $0.cleaning[number] = nil }
      }
      state.cleaning[number] = task
      return task
    }
  }

  /// Lets the server forget a region, when it does not use it any more: a call that was cancelled may
  /// go on there.
  ///
  /// - Returns: whether the server can be reached.
  private func unregister(_ region: Region) async -> Bool {
    let end = ContinuousClock.now + .seconds(client.options.timeout)
    var pause = Duration.milliseconds(50)
    while true {
      do {
        try await client.unregisterSharedMemory(region.name)
      } catch let error as KServeError {
        if error.code == .unavailable { return false }
        if error.message.contains("in use"), ContinuousClock.now < end {
          try? await Task.sleep(for: pause)
          pause = min(pause * 2, .seconds(5))
          continue
        }
      } catch {}
      return true
    }
  }

  private func grow(_ region: inout Region?, to size: Int) async throws {
    guard size > 0, size > region?.memory.byteCount ?? 0 else { return }
    if let old = region {
      region = nil
      await abandon(Pair(input: old))?.value
    }
    let number = state.withLock { state in
      state.count += 1
      return state.count
    }
    let name = "\(prefix)-\(number)"
    // Half as much again, so that batches that vary do not make a region each.
    let memory = try SharedMemoryRegion.create(key: "/" + name, byteCount: size + size / 2)
    defer { memory.unlink() }
    let new = Region(name: name, memory: memory)
    do {
      try await client.registerSharedMemory(name, key: "/" + name, byteCount: memory.byteCount)
    } catch {
      // A call that was given up may still be carried out.
      abandon(Pair(input: new))
      throw error
    }
    region = new
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

  /// Gives an output that was to be put into the region its bytes. Triton's gRPC responses do not say
  /// that they are there: such an output has none in the message.
  private func copyOut(
    _ output: inout InferTensor, of request: InferRequest, from region: Region?
  ) throws {
    guard
      let asked = request.outputs.first(where: { $0.name == output.name })?.sharedMemory, let region
    else { return }
    if let bytes = output.bytes, bytes.byteCount > 0 { return }
    guard let size = try output.datatype.byteCount(ofShape: output.shape, tensor: output.name),
      size <= asked.byteSize
    else {
      throw KServeError(
        .internal,
        "the output '\(output.name)' has the shape \(output.shape), for which the \(asked.byteSize) "
          + "bytes of shared memory that its declared shape needs are too few")
    }
    output.contents = .raw(
      TensorBytes(
        copying: UnsafeRawBufferPointer(
          start: region.memory.storage.baseAddress + asked.offset, count: size)))
  }

  /// The bytes of an output for `rows` rows, `nil` if its shape does not tell.
  private static func size(
    of name: String, _ outputs: [TensorSpecification], rows: Int
  ) -> Int? {
    guard let output = outputs.first(where: { $0.name == name }),
      let width = output.elementType.byteCount, output.shape.rank > 0,
      output.shape.dimensions[0] == Shape.dynamic
    else { return nil }
    return Shape([rows] + output.rowShape.dimensions + [width]).elementCount
  }

  private static func aligned(_ size: Int) -> Int { (size + 63) & ~63 }
}

extension KServeError {
  /// Whether the server does not know a region of shared memory.
  fileprivate var isLostRegion: Bool {
    (code == .notFound || code == .invalidArgument || code == .internal)
      && message.lowercased().contains("shared memory region")
  }
}
