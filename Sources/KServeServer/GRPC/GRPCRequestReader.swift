import KServeProtocol
import NIOCore
import Tensors

/// Takes the messages of a call out of its data frames, within the server's limits.
struct GRPCRequestReader {
  /// A complete message, whether it is compressed, and what it takes of the server's memory.
  struct Message: Sendable {
    var bytes: TensorBytes
    var isCompressed: Bool
    var memory: MemoryBudget.Lease
  }

  /// Less is not counted: it is what the connection's buffers take anyway.
  static let countedBytes = 16 << 10

  private var reader = GRPCMessageReader()
  private var memory: GRPCRequestMemory

  init(maxMessageBytes: Int, budget: MemoryBudget) {
    memory = GRPCRequestMemory(maxMessageBytes: maxMessageBytes, budget: budget)
  }

  /// Whether a message has begun and not ended.
  var isInMessage: Bool { reader.isInMessage }

  /// Takes the bytes of the next frame from `buffer` up to the end of a message.
  ///
  /// - Returns: the message that ends there; `nil` if there is none.
  /// - Throws: ``KServeError`` if a message is longer than allowed, or there is no memory for it.
  mutating func next(from buffer: inout ByteBuffer) throws(KServeError) -> Message? {
    guard let message = try reader.next(from: &buffer, in: &memory) else { return nil }
    return Message(
      bytes: message.bytes, isCompressed: message.isCompressed, memory: memory.takeLease())
  }

  /// Gives back what a message has taken that nobody will end.
  mutating func drop() {
    reader = GRPCMessageReader()
    _ = memory.takeLease()
  }
}

/// The memory for a request: it grows with what has arrived, whatever length the message claims, and
/// counts against the server's budget.
private struct GRPCRequestMemory: GRPCMessageMemory {
  typealias Failure = KServeError

  let maxMessageBytes: Int
  let budget: MemoryBudget
  var lease: MemoryBudget.Lease?

  mutating func storage(
    for needed: Int, of expected: Int, behind lead: Int
  ) throws(KServeError) -> TensorStorage {
    guard expected <= maxMessageBytes else {
      throw KServeError(
        .resourceExhausted,
        "the request has \(expected) bytes, more than the \(maxMessageBytes) bytes that this server "
          + "takes; send fewer rows at a time")
    }
    let size =
      needed == expected ? expected : HTTPBodyBuffer.size(for: needed, expected: expected)
    if size > GRPCRequestReader.countedBytes {
      let lease = lease ?? MemoryBudget.Lease(budget)
      self.lease = lease
      try lease.grow(to: size)
    }
    return try Memory.allocate(lead + size)
  }

  /// What the message takes that has come.
  mutating func takeLease() -> MemoryBudget.Lease { lease.take() ?? MemoryBudget.Lease(budget) }
}
