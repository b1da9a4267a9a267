import NIOCore
import Synchronization

/// The buffers of requests that are done, for those to come: memory for a batch of megabytes that is new
/// each time costs more than filling it.
final class BufferPool: Sendable {
  private let idle = Mutex<[ByteBuffer]>([])

  /// The most buffers that are kept.
  private static let capacity = 4

  /// An empty buffer with room for `byteCount` bytes.
  func take(byteCount: Int) -> ByteBuffer {
    var buffer =
      idle.withLock { idle in
        let fitting = idle.indices.filter { idle[$0].capacity >= byteCount }
        return fitting.min { idle[$0].capacity < idle[$1].capacity }.map { idle.remove(at: $0) }
      } ?? ByteBufferAllocator().buffer(capacity: byteCount)
    // This makes new memory if a part of the old one is still being sent.
    buffer.clear()
    return buffer
  }

  /// Keeps a buffer that its holder is done with.
  func put(_ buffer: ByteBuffer) {
    idle.withLock { idle in
      idle.append(buffer)
      // Large ones replace small ones: batches grow more often than they shrink.
      if idle.count > Self.capacity,
        let least = idle.indices.min(by: {
          idle[$0].capacity < idle[$1].capacity
        })
      {
        idle.remove(at: least)
      }
    }
  }
}
