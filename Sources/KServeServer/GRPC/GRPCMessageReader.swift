import KServeProtocol
import NIOCore
import Tensors

/// Takes the messages of a call out of its data frames.
///
/// A message's bytes are copied once, into memory in which its last byte lies at the end of an aligned
/// word: the last tensor of an inference request ends there, so that it can be viewed in place.
struct GRPCMessageReader {
  /// A complete message, and whether it is compressed.
  struct Message {
    var bytes: TensorBytes
    var isCompressed: Bool
  }

  private let maxMessageBytes: Int
  private var prefix: (bytes: UInt64, count: Int) = (0, 0)
  private var storage: TensorStorage?
  private var isCompressed = false
  private var byteOffset = 0
  private var received = 0
  private var expected = 0

  init(maxMessageBytes: Int) { self.maxMessageBytes = maxMessageBytes }

  /// Whether a message has begun and not ended.
  var isInMessage: Bool { prefix.count > 0 || storage != nil }

  /// Takes the bytes of the next frame from `buffer` up to the end of a message.
  ///
  /// - Returns: the message that ends there; `nil` if there is none.
  /// - Throws: ``KServeError`` if a message is longer than allowed.
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
      storage = TensorStorage(byteCount: byteOffset + expected)
      received = 0
    }
    guard let storage else { return nil }
    let count = min(expected - received, buffer.readableBytes)
    buffer.readWithUnsafeReadableBytes { bytes in
      if count > 0, let base = bytes.baseAddress {
        (storage.baseAddress + byteOffset + received).copyMemory(from: base, byteCount: count)
      }
      return count
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
