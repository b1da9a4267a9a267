internal import Tensors

/// Takes the messages of a gRPC call out of its data frames: each stands behind a byte that tells
/// whether it is compressed and its length in 32 bits.
///
/// A message's bytes are copied once, into memory in which its last byte lies at the end of an aligned
/// word: the last tensor of an inference message ends there, so that it can be viewed in place.
package struct GRPCMessageReader {
  /// A complete message.
  package struct Message {
    package var bytes: TensorBytes
    package var isCompressed: Bool
  }

  /// A message is longer than the reader takes.
  package struct TooLong: Error {
    package var byteCount: Int
  }

  /// The bytes in front of a message.
  package static let prefixLength = 5

  private let maxMessageBytes: Int
  private var prefix: (bytes: UInt64, count: Int) = (0, 0)
  private var storage: TensorStorage?
  private var isCompressed = false
  private var byteOffset = 0
  private var received = 0
  private var expected = 0

  package init(maxMessageBytes: Int) { self.maxMessageBytes = maxMessageBytes }

  /// Whether a message has begun and not ended.
  package var isInMessage: Bool { prefix.count > 0 || storage != nil }

  /// Takes bytes of a frame up to the end of a message.
  ///
  /// - Parameter rest: the bytes of the frame that have not been taken yet.
  /// - Returns: the message that ends there; `nil` if there is none.
  package mutating func next(
    from rest: inout UnsafeRawBufferPointer
  ) throws(TooLong) -> Message? {
    if storage == nil {
      while prefix.count < Self.prefixLength {
        guard let byte = rest.first else { return nil }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        prefix = (prefix.bytes << 8 | UInt64(byte), prefix.count + 1)
      }
      isCompressed = prefix.bytes >> 32 != 0
      expected = Int(prefix.bytes & 0xFFFF_FFFF)
      guard expected <= maxMessageBytes else { throw TooLong(byteCount: expected) }
      let misalignment = expected % TensorStorage.alignment
      byteOffset = misalignment == 0 ? 0 : TensorStorage.alignment - misalignment
      storage = TensorStorage(byteCount: byteOffset + expected)
      received = 0
    }
    guard let storage else { return nil }
    let count = min(expected - received, rest.count)
    if count > 0, let base = rest.baseAddress {
      (storage.baseAddress + byteOffset + received).copyMemory(from: base, byteCount: count)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
    received += count
    guard received == expected else { return nil }
    self.storage = nil
    prefix = (0, 0)
    return Message(
      bytes: TensorBytes(storage, byteOffset: byteOffset, byteCount: expected),
      isCompressed: isCompressed)
  }
}
