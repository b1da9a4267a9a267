import KServeProtocol
import NIOCore
import Tensors

/// Takes the messages of a call out of its data frames.
///
/// A message's bytes are copied into memory in which its last byte lies at the end of an aligned word:
/// the last tensor of an inference request ends there, so that it can be viewed in place. The memory
/// grows with what has arrived, whatever length the message claims.
struct GRPCRequestReader {
  /// A complete message, whether it is compressed, and what it takes of the server's memory.
  struct Message {
    var bytes: TensorBytes
    var isCompressed: Bool
    var memory: MemoryBudget.Lease
  }

  private let maxMessageBytes: Int
  private let budget: MemoryBudget
  private var prefix: (bytes: UInt64, count: Int) = (0, 0)
  private var storage: TensorStorage?
  private var memory: MemoryBudget.Lease?
  private var isCompressed = false
  private var byteOffset = 0
  private var received = 0
  private var expected = 0

  /// Less is not counted: it is what the connection's buffers take anyway.
  static let countedBytes = 16 << 10

  init(maxMessageBytes: Int, budget: MemoryBudget) {
    self.maxMessageBytes = maxMessageBytes
    self.budget = budget
  }

  /// Whether a message has begun and not ended.
  var isInMessage: Bool { prefix.count > 0 || storage != nil }

  /// Takes the bytes of the next frame from `buffer` up to the end of a message.
  ///
  /// - Returns: the message that ends there; `nil` if there is none.
  /// - Throws: ``KServeError`` if a message is longer than allowed, or there is no memory for it.
  mutating func next(from buffer: inout ByteBuffer) throws(KServeError) -> Message? {
    if storage == nil {
      while prefix.count < 5 {
        guard let byte = buffer.readInteger(as: UInt8.self) else { return nil }
        prefix = (prefix.bytes << 8 | UInt64(byte), prefix.count + 1)
      }
      isCompressed = prefix.bytes >> 32 != 0
      expected = Int(prefix.bytes & 0xFFFF_FFFF)
      guard expected <= maxMessageBytes else {
        throw KServeError(
          .resourceExhausted,
          "the request has \(expected) bytes, more than the \(maxMessageBytes) bytes that this server "
            + "takes; send fewer rows at a time")
      }
      let misalignment = expected % TensorStorage.alignment
      byteOffset = misalignment == 0 ? 0 : TensorStorage.alignment - misalignment
      received = 0
    }
    let count = min(expected - received, buffer.readableBytes)
    if expected > 0, count == 0 { return nil }
    try reserve(received + count)
    guard let storage else { return nil }
    buffer.readWithUnsafeReadableBytes { bytes in
      if count > 0, let base = bytes.baseAddress {
        (storage.baseAddress + byteOffset + received).copyMemory(from: base, byteCount: count)
      }
      return count
    }
    received += count
    guard received == expected else { return nil }
    let lease = memory ?? MemoryBudget.Lease(budget)
    self.storage = nil
    memory = nil
    prefix = (0, 0)
    return Message(
      bytes: TensorBytes(storage, byteOffset: byteOffset, byteCount: expected),
      isCompressed: isCompressed, memory: lease)
  }

  /// Gives back what a message has taken that nobody will end.
  mutating func drop() {
    storage = nil
    memory = nil
  }

  private mutating func reserve(_ needed: Int) throws(KServeError) {
    if let storage, storage.byteCount >= byteOffset + needed { return }
    let size =
      needed == expected ? expected : HTTPBodyBuffer.size(for: needed, expected: expected)
    if size > Self.countedBytes {
      let lease = memory ?? MemoryBudget.Lease(budget)
      memory = lease
      try lease.grow(to: size)
    }
    let larger = try Memory.allocate(byteOffset + size)
    if let storage, received > 0 {
      (larger.baseAddress + byteOffset).copyMemory(
        from: storage.baseAddress + byteOffset, byteCount: received)
    }
    storage = larger
  }
}
