import Glibc

/// How the process asks the system for memory.
enum MemorySettings {
  /// `M_MMAP_THRESHOLD` of glibc's `malloc.h`, which Swift's Glibc module leaves out.
  private static let mmapThreshold: CInt = -3
  /// Spark's batches take tens of megabytes each; blocks of at least this size come from the system
  /// directly and go back to it.
  private static let largeBlock: CInt = 4 << 20

  /// Keeps batches out of the heap. Left alone, malloc raises its threshold after the first batch, and
  /// the heaps of the tasks' threads grow to several times of what is in use (measured: 290 MiB
  /// instead of 78 MiB with two tasks over batches of 31 MiB).
  static func apply() {
    guard let address = dlsym(nil, "mallopt") else { return }
    let mallopt = unsafeBitCast(
      address, to: (@convention(c) (CInt, CInt) -> CInt).self)
    _ = mallopt(mmapThreshold, largeBlock)
  }
}
