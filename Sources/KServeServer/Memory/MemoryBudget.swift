import KServeProtocol
import Synchronization

/// The bytes that clients' requests and responses may take at the same time, over all connections.
final class MemoryBudget: Sendable {
  let limit: Int
  private let used = Mutex(0)

  init(limit: Int) { self.limit = limit }

  /// The bytes that are taken.
  var inUse: Int { used.withLock { $0 } }

  fileprivate func take(_ count: Int) -> Bool {
    used.withLock { used in
      // One request always fits: its own limit is checked elsewhere.
      if used > 0, count > limit - used { return false }
      used += count
      return true
    }
  }

  fileprivate func give(_ count: Int) { used.withLock { $0 -= count } }

  /// What one request takes of a budget, given back when nobody refers to it any more.
  final class Lease: Sendable {
    private let budget: MemoryBudget
    private let count = Mutex(0)

    init(_ budget: MemoryBudget) { self.budget = budget }

    deinit {
      let count = count.withLock { $0 }
      if count > 0 { budget.give(count) }
    }

    /// Takes `bytes` in all.
    ///
    /// - Throws: ``KServeError`` if there are not as many left.
    func grow(to bytes: Int) throws(KServeError) {
      let isTaken = count.withLock { count in
        if bytes <= count { return true }
        guard budget.take(bytes - count) else { return false }
        count = bytes
        return true
      }
      if !isTaken {
        throw KServeError(
          .unavailable,
          "the requests at work take the \(budget.limit) bytes that this server gives them; try again "
            + "later, or start it with a larger --max-bytes-in-flight (maxBytesInFlight in Swift)")
      }
    }
  }
}
