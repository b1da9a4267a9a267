import Synchronization

/// The bytes that one connection's requests and answers may take at the same time. A request beyond
/// them waits until answers have been sent: who does not read holds up themselves.
final class InFlightLimit: Sendable {
  private struct State {
    var used = 0
    var waiting: [(bytes: Int, start: @Sendable (Lease) -> Void)] = []
    var isClosed = false
  }

  private let limit: Int
  /// Begins what has waited: whoever gives room back may hold locks that a start needs.
  private let starter: WorkerThreads
  private let state = Mutex(State())

  init(limit: Int, starter: WorkerThreads) {
    self.limit = max(limit, 1)
    self.starter = starter
  }

  /// What one request takes; given back when nobody refers to it any more.
  final class Lease: Sendable {
    private let owner: InFlightLimit?
    private let bytes: Mutex<Int>
    private let memory = Mutex<MemoryBudget.Lease?>(nil)

    fileprivate init(_ owner: InFlightLimit?, bytes: Int) {
      self.owner = owner
      self.bytes = Mutex(bytes)
    }

    deinit {
      let bytes = bytes.withLock { $0 }
      owner?.release(bytes)
    }

    /// Keeps what the answer takes of the server's memory for as long as itself.
    func keep(_ lease: MemoryBudget.Lease) { memory.withLock { $0 = lease } }

    /// What was expected has become known.
    func resize(to new: Int) {
      let excess = bytes.withLock { bytes in
        defer { bytes = new }
        return bytes - new
      }
      owner?.release(excess)
    }
  }

  /// A lease that is not limited, for callers within the process.
  static var unlimited: Lease { Lease(nil, bytes: 0) }

  /// Calls `start`, at once or when there is room, then on the starter's thread. Starts keep their
  /// order. A single request always has room, and is the only one if it takes more than there is.
  func enter(bytes: Int, start: @escaping @Sendable (Lease) -> Void) {
    // A client tells any size; nobody waits for more than all.
    let bytes = min(max(bytes, 0), limit)
    let begins = state.withLock { state in
      if state.isClosed { return true }
      guard state.waiting.isEmpty, state.used == 0 || bytes <= limit - state.used else {
        state.waiting.append((bytes, start))
        return false
      }
      state.used += bytes
      return true
    }
    if begins { start(Lease(self, bytes: bytes)) }
  }

  private func release(_ bytes: Int) {
    if bytes == 0 { return }
    let ready = state.withLock { state in
      state.used -= bytes
      var count = 0
      for next in state.waiting {
        guard state.used <= 0 || next.bytes <= limit - state.used else { break }
        state.used += next.bytes
        count += 1
      }
      defer { state.waiting.removeFirst(count) }
      return Array(state.waiting.prefix(count))
    }
    for next in ready {
      let lease = Lease(self, bytes: next.bytes)
      starter.run { next.start(lease) }
    }
  }

  /// Lets all that wait go on: their clients have gone, and they end as cancelled.
  func close() {
    let rest = state.withLock { state in
      state.isClosed = true
      defer { state.waiting.removeAll() }
      return state.waiting
    }
    for next in rest { starter.run { next.start(Lease(nil, bytes: 0)) } }
  }
}
