import Synchronization

/// A value that is given once, and waited for until then.
final class Pending<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var waiters: [CheckedContinuation<Value, Never>] = []
  }

  private let state = Mutex(State())

  /// The value, if it is given by now.
  var known: Value? { state.withLock { $0.value } }

  /// Gives the value. The first one counts, unless `outdoes` says that this one outdoes it.
  func give(_ value: Value, outdoes: (_ first: Value) -> Bool = { _ in false }) {
    let waiters = state.withLock { state -> [CheckedContinuation<Value, Never>] in
      if let first = state.value, !outdoes(first) { return [] }
      state.value = value
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume(returning: value) }
  }

  /// Waits for the value.
  func value() async -> Value {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state in
        if state.value == nil { state.waiters.append(continuation) }
        return state.value
      }
      if let known { continuation.resume(returning: known) }
    }
  }
}
