import CGzip
import KServeProtocol
import Tensors

/// Expands request bodies that were compressed with gzip or deflate.
enum ContentDecoding {
  /// The bytes that `body` was made from.
  ///
  /// - Parameters:
  ///   - headerLength: the bytes before the binary tensors, which are to begin aligned.
  ///   - limit: the most bytes to expand to.
  /// - Throws: ``KServeError`` if the body is damaged, or longer than `limit`.
  static func inflate(
    _ body: TensorBytes, headerLength: Int, limit: Int
  ) throws(KServeError) -> TensorBytes {
    let misalignment = headerLength % TensorStorage.alignment
    let byteOffset = misalignment == 0 ? 0 : TensorStorage.alignment - misalignment
    var storage = TensorStorage(byteCount: byteOffset + min(limit, max(body.byteCount * 4, 4096)))
    var byteCount = 0
    let address = body.storage.baseAddress + body.byteOffset
    guard
      let stream = needletail_inflate_begin(
        address.assumingMemoryBound(to: UInt8.self), body.byteCount)
    else { throw KServeError(.internal, "there is no memory to expand the request's body") }
    defer {
      needletail_inflate_end(stream)
      withExtendedLifetime(body.storage) {}
    }
    while true {
      var written = 0
      let start = storage.baseAddress + byteOffset + byteCount
      let status = needletail_inflate(
        stream, start.assumingMemoryBound(to: UInt8.self),
        storage.byteCount - byteOffset - byteCount, &written)
      byteCount += written
      if status == 0 { break }
      if status < 0 {
        throw KServeError(
          .invalidArgument,
          "the request's body is not what its Content-Encoding says, or is cut off")
      }
      if byteCount >= limit {
        throw KServeError(
          .resourceExhausted,
          "the request's body expands to more than the \(limit) bytes that this server takes")
      }
      let larger = TensorStorage(byteCount: byteOffset + min(limit, byteCount * 2))
      larger.baseAddress.copyMemory(from: storage.baseAddress, byteCount: byteOffset + byteCount)
      storage = larger
    }
    return TensorBytes(storage, byteOffset: byteOffset, byteCount: byteCount)
  }
}
