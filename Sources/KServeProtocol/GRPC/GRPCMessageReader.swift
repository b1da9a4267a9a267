package import NIOCore
package import Tensors

/// Gives the memory that the messages of a call are received in.
package protocol GRPCMessageMemory {
  associatedtype Failure: Error

  /// Memory for what of a message has come, or for more of it. Asked when a message begins, and again
  /// whenever more has come than what was given has room for.
  ///
  /// - Parameters:
  ///   - needed: the bytes of the message that are here.
  ///   - expected: the bytes that it will have, as the sender says.
  ///   - lead: the bytes to be left free before it.
  /// - Returns: memory for `lead` and at least `needed` bytes.
  /// - Throws: if the message is too long, or there is no memory for it.
  mutating func storage(
    for needed: Int, of expected: Int, behind lead: Int
  ) throws(Failure) -> TensorStorage
}

/// Takes the messages of a gRPC call out of its data frames.
///
/// A message's bytes are copied into memory in which its last byte lies at the end of an aligned word:
/// the last tensor of an inference message ends there, so that it can be viewed in place.
package struct GRPCMessageReader: Sendable {
  /// A complete message.
  package struct Message: Sendable {
    package var bytes: TensorBytes
    package var isCompressed: Bool
  }

  /// What of the prefix has come: its bytes, and how many they are.
  private var prefix: (bytes: UInt64, count: Int) = (0, 0)
  private var storage: TensorStorage?
  /// The bytes of the message that have come.
  private var received = 0

  package init() {}

  /// Whether a message has begun and not ended.
  package var isInMessage: Bool { prefix.count > 0 }

  /// Takes the bytes of the next frame from `buffer` up to the end of a message.
  ///
  /// - Returns: the message that ends there; `nil` if there is none.
  package mutating func next<Memory: GRPCMessageMemory>(
    from buffer: inout ByteBuffer, in memory: inout Memory
  ) throws(Memory.Failure) -> Message? {
    while prefix.count < GRPCMessage.prefixLength {
      guard let byte = buffer.readInteger(as: UInt8.self) else { return nil }
      prefix = (prefix.bytes << 8 | UInt64(byte), prefix.count + 1)
    }
    let expected = Int(prefix.bytes & 0xFFFF_FFFF)
    let lead = TensorStorage.lead(before: expected)
    let count = min(expected - received, buffer.readableBytes)
    let storage = try reserve(received + count, of: expected, behind: lead, in: &memory)
    let place = storage.baseAddress + lead + received
    buffer.readWithUnsafeReadableBytes { bytes in
      if count > 0, let base = bytes.baseAddress { place.copyMemory(from: base, byteCount: count) }
      return count
    }
    received += count
    guard received == expected else { return nil }
    let isCompressed = prefix.bytes >> 32 != 0
    self = GRPCMessageReader()
    return Message(
      bytes: TensorBytes(storage, byteOffset: lead, byteCount: expected),
      isCompressed: isCompressed)
  }

  /// The memory of the message that is being received, with room for `needed` bytes of it.
  private mutating func reserve<Memory: GRPCMessageMemory>(
    _ needed: Int, of expected: Int, behind lead: Int, in memory: inout Memory
  ) throws(Memory.Failure) -> TensorStorage {
    if let storage, storage.byteCount >= lead + needed { return storage }
    let larger = try memory.storage(for: needed, of: expected, behind: lead)
    if let storage, received > 0 {
      (larger.baseAddress + lead).copyMemory(
        from: storage.baseAddress + lead, byteCount: received)
    }
    storage = larger
    return larger
  }
}
