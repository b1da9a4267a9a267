import Glibc
import KServeProtocol
import Synchronization
import Tensors

/// Memory for what clients send, whose lack fails their request instead of the process.
enum Memory {
  /// Below this the general way is as good: a process that lacks even that cannot go on.
  private static let smallest = 64 << 10

  /// The pieces of memory that were worth giving back.
  private static let pieces = Atomic<Int>(0)
  private static let trimmedAt = Atomic<Int>(0)

  /// Gives memory that long requests have left behind back to the system, which the allocator does not
  /// by itself. Takes some milliseconds if there is any; nothing if there was no long request.
  static func trim() {
    let count = pieces.load(ordering: .relaxed)
    guard trimmedAt.exchange(count, ordering: .relaxed) != count else { return }
    // The C library's header for it is not among those that Swift imports.
    guard let address = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(address, to: (@convention(c) (Int) -> Int32).self)(0)
  }

  /// Aligned memory with undefined contents.
  ///
  /// - Throws: ``KServeError`` if the system gives none.
  static func allocate(_ byteCount: Int) throws(KServeError) -> TensorStorage {
    if byteCount < smallest { return TensorStorage(byteCount: byteCount) }
    pieces.add(1, ordering: .relaxed)
    let alignment = TensorStorage.alignment
    let (size, overflow) = byteCount.addingReportingOverflow(alignment)
    guard !overflow, let address = aligned_alloc(alignment, size / alignment * alignment) else {
      throw lack(of: byteCount)
    }
    nonisolated(unsafe) let memory = address
    return TensorStorage(foreign: address, byteCount: byteCount) { free(memory) }
  }

  /// Makes sure that the system would give `byteCount` bytes, for code that ends the process where it
  /// does not.
  ///
  /// - Throws: ``KServeError`` if it gives none.
  static func probe(_ byteCount: Int) throws(KServeError) {
    if byteCount < smallest { return }
    guard let memory = malloc(byteCount) else { throw lack(of: byteCount) }
    free(memory)
  }

  private static func lack(of byteCount: Int) -> KServeError {
    KServeError(
      .unavailable,
      "the server has no memory for \(byteCount) bytes of this request; send fewer rows at a time, or "
        + "try again later")
  }
}
