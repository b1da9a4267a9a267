import KServeProtocol
import NIOCore
import Tensors

/// Collects the body of one request after the other of a connection, each byte copied once from the
/// socket's buffer to where tensors can view it.
struct HTTPBodyBuffer {
  private var storage: TensorStorage?
  private var byteOffset = 0
  private var byteCount = 0
  /// The memory of an earlier body, which serves again once nobody looks at it.
  private var spare: TensorStorage?

  /// More memory than this is not kept for the next request.
  private static let retainedBytes = 64 << 20
  /// The first piece for a body whose length the client does not tell.
  private static let firstPiece = 64 << 10

  /// Makes room for a body.
  ///
  /// - Parameters:
  ///   - expected: its length if the client told it.
  ///   - headerLength: the bytes before the binary tensors, which are to begin aligned.
  mutating func begin(expected: Int?, headerLength: Int) {
    let alignment = TensorStorage.alignment
    let misalignment = headerLength % alignment
    byteOffset = misalignment == 0 ? 0 : alignment - misalignment
    byteCount = 0
    let needed = byteOffset + (expected ?? Self.firstPiece)
    if isKnownUniquelyReferenced(&spare), let spare, spare.byteCount >= needed {
      storage = spare
    } else {
      storage = TensorStorage(byteCount: needed)
    }
    spare = nil
  }

  mutating func append(_ buffer: ByteBuffer) {
    let count = buffer.readableBytes
    if let storage, byteOffset + byteCount + count > storage.byteCount { grow(by: count) }
    guard let storage else { return }
    buffer.withUnsafeReadableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      (storage.baseAddress + byteOffset + byteCount).copyMemory(from: base, byteCount: count)
    }
    byteCount += count
  }

  /// The collected body.
  mutating func end() -> TensorBytes {
    guard let storage else { return TensorBytes(TensorStorage(byteCount: 0)) }
    self.storage = nil
    if storage.byteCount <= Self.retainedBytes { spare = storage }
    return TensorBytes(storage, byteOffset: byteOffset, byteCount: byteCount)
  }

  private mutating func grow(by count: Int) {
    guard let old = storage else { return }
    let larger = TensorStorage(
      byteCount: max(byteOffset + byteCount + count, old.byteCount * 2))
    larger.baseAddress.copyMemory(from: old.baseAddress, byteCount: byteOffset + byteCount)
    storage = larger
  }
}
