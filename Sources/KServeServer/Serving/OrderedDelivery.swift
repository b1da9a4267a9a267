import Synchronization

/// Lets the results of batches out in the order in which the batches were formed, whichever instance
/// ends first.
final class OrderedDelivery: Sendable {
  private struct State {
    var next = 0
    var held: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  /// Runs `deliver` once all batches before `number` were delivered.
  func deliver(_ number: Int, _ deliver: @escaping @Sendable () -> Void) {
    // The lock is held during delivery, which hands results to waiting tasks and does not wait:
    // otherwise a later batch could overtake between the check and the call.
    state.withLock { state in
      state.held[number] = deliver
      while let ready = state.held.removeValue(forKey: state.next) {
        state.next += 1
        ready()
      }
    }
  }
}
