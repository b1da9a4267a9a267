import Synchronization
import Tensors

/// Memory of received messages, kept for the next ones.
///
/// Fresh pages cost more than what is done with them when a model is small: the system clears each
/// before its first use. A block goes back here when the last view of a message is gone, and at most
/// two wait, so that a process holds no more than it has just needed.
public final class MessageMemory: Sendable {
  /// The memory of this process.
  public static let shared = MessageMemory()

  private struct Block: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    let capacity: Int
  }

  private let spare = Mutex<[Block]>([])
  private static let maximumSpare = 2
  /// Smaller messages are not worth keeping, larger ones too much to keep.
  private static let kept = 1 << 18...1 << 26

  /// Memory for a message of `byteCount` bytes, its contents undefined.
  func storage(byteCount: Int) -> TensorStorage {
    guard Self.kept.contains(byteCount) else { return TensorStorage(byteCount: byteCount) }
    let known = spare.withLock { spare -> Block? in
      // A block of twice the size would hold memory that nobody uses.
      let fits = spare.indices.filter { byteCount...byteCount * 2 ~= spare[$0].capacity }
      return fits.min { spare[$0].capacity < spare[$1].capacity }.map { spare.remove(at: $0) }
    }
    let block =
      known
      ?? Block(
        start: .allocate(byteCount: byteCount, alignment: TensorStorage.alignment),
        capacity: byteCount)
    return TensorStorage(foreign: block.start, byteCount: byteCount) { [self] in
      giveBack(block)
    }
  }

  private func giveBack(_ block: Block) {
    let surplus = spare.withLock { spare -> Block? in
      spare.append(block)
      return spare.count > Self.maximumSpare ? spare.removeFirst() : nil
    }
    surplus?.start.deallocate()
  }

  /// Returns what waits to the system: for a process that goes idle.
  public func releaseSpare() {
    let blocks = spare.withLock { spare in
      defer { spare = [] }
      return spare
    }
    for block in blocks { block.start.deallocate() }
  }

  deinit { releaseSpare() }

  /// Bytes that wait.
  var spareByteCount: Int { spare.withLock { $0.reduce(0) { $0 + $1.capacity } } }
}
