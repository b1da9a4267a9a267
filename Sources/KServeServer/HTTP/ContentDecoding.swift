import CGzip
import KServeProtocol
import Tensors

/// Expands request bodies that were compressed with gzip or deflate.
enum ContentDecoding {
  /// The bytes that are expanded before it is looked whether anybody still waits.
  private static let piece = 1 << 20

  /// The bytes that `body` was made from. A few bytes may expand to many, which takes long: never to
  /// be called on the network's threads.
  ///
  /// - Parameters:
  ///   - headerLength: the bytes before the binary tensors, which are to begin aligned.
  ///   - limit: the most bytes to expand to.
  ///   - lease: what the bytes take is added to it.
  ///   - cancellation: ends the work when nobody waits any more.
  /// - Throws: ``KServeError`` if the body is damaged, or longer than `limit`.
  static func inflate(
    _ body: TensorBytes, headerLength: Int, limit: Int, lease: MemoryBudget.Lease,
    cancellation: RequestCancellation
  ) throws(KServeError) -> TensorBytes {
    let byteOffset = TensorStorage.lead(before: headerLength)
    var capacity = min(limit, max(body.byteCount * 4, 4096))
    try lease.grow(to: body.byteCount + capacity)
    var storage = try Memory.allocate(byteOffset + capacity)
    var byteCount = 0
    let address = body.storage.baseAddress + body.byteOffset
    guard let stream = needletail_inflate_begin(address, body.byteCount) else {
      throw KServeError(.internal, "there is no memory to expand the request's body")
    }
    defer {
      needletail_inflate_end(stream)
      withExtendedLifetime(body.storage) {}
    }
    while true {
      if cancellation.isCancelled { throw .requestCancelled }
      var written = 0
      let start = storage.baseAddress + byteOffset + byteCount
      let status = needletail_inflate(
        stream, start, min(capacity - byteCount, piece), &written)
      byteCount += written
      if status == 0 { break }
      if status < 0 {
        throw KServeError(
          .invalidArgument,
          "the request's body is not what its Content-Encoding says, or is cut off")
      }
      if byteCount < capacity { continue }
      if byteCount >= limit {
        throw KServeError(
          .resourceExhausted,
          "the request's body expands to more than the \(limit) bytes that this server takes")
      }
      capacity = min(limit, byteCount * 2)
      try lease.grow(to: body.byteCount + capacity)
      let larger = try Memory.allocate(byteOffset + capacity)
      larger.baseAddress.copyMemory(from: storage.baseAddress, byteCount: byteOffset + byteCount)
      storage = larger
    }
    return TensorBytes(storage, byteOffset: byteOffset, byteCount: byteCount)
  }
}
