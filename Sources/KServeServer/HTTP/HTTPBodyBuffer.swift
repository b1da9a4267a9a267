import KServeProtocol
import NIOCore
import Tensors

/// Collects the body of one request after the other of a connection where tensors can view it. Memory
/// grows with what has arrived, whatever length a client tells.
struct HTTPBodyBuffer {
  private let budget: MemoryBudget
  private var storage: TensorStorage?
  private var lease: MemoryBudget.Lease?
  private var byteOffset = 0
  private var byteCount = 0
  private var expected: Int?
  /// The memory of an earlier body, which serves again once nobody looks at it.
  private var spare: TensorStorage?

  /// More memory than this is not kept for the next request: connections may be many.
  private static let retainedBytes = 4 << 20
  /// The first piece of memory, for which no client has to send anything.
  private static let firstPiece = 64 << 10

  init(budget: MemoryBudget) { self.budget = budget }

  /// Begins a body.
  ///
  /// - Parameters:
  ///   - expected: its length if the client told it.
  ///   - headerLength: the bytes before the binary tensors, which are to begin aligned.
  mutating func begin(expected: Int?, headerLength: Int) {
    byteOffset = TensorStorage.lead(before: headerLength)
    byteCount = 0
    self.expected = expected
    let first = byteOffset + min(expected ?? Self.firstPiece, Self.firstPiece)
    if isKnownUniquelyReferenced(&spare), let spare, spare.byteCount >= first {
      storage = spare
    } else {
      storage = TensorStorage(byteCount: first)
    }
    spare = nil
    lease = MemoryBudget.Lease(budget)
  }

  /// - Throws: ``KServeError`` if there is no memory for the bytes.
  mutating func append(_ buffer: ByteBuffer) throws(KServeError) {
    let count = buffer.readableBytes
    if let storage, byteOffset + byteCount + count > storage.byteCount { try grow(by: count) }
    guard let storage else { return }
    buffer.withUnsafeReadableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      (storage.baseAddress + byteOffset + byteCount).copyMemory(from: base, byteCount: count)
    }
    byteCount += count
  }

  /// The collected body, and what it takes of the server's memory.
  mutating func end() -> (body: TensorBytes, memory: MemoryBudget.Lease) {
    let memory = lease ?? MemoryBudget.Lease(budget)
    lease = nil
    guard let storage else { return (TensorBytes(TensorStorage(byteCount: 0)), memory) }
    self.storage = nil
    if storage.byteCount <= Self.retainedBytes { spare = storage }
    return (TensorBytes(storage, byteOffset: byteOffset, byteCount: byteCount), memory)
  }

  /// Drops what was collected.
  mutating func drop() {
    storage = nil
    lease = nil
  }

  private mutating func grow(by count: Int) throws(KServeError) {
    guard let old = storage else { return }
    let needed = byteCount + count
    let size = Self.size(for: needed, expected: expected)
    try lease?.grow(to: size)
    let larger = try Memory.allocate(byteOffset + size)
    larger.baseAddress.copyMemory(from: old.baseAddress, byteCount: byteOffset + byteCount)
    storage = larger
  }

  /// The memory for a message of which `needed` bytes are here: twice as much, or all that was told
  /// once a good part of it is here, so that long messages are not copied often.
  static func size(for needed: Int, expected: Int?) -> Int {
    guard let expected, expected >= needed else { return needed * 2 }
    return needed >= expected / 8 ? expected : min(needed * 2, expected)
  }
}
