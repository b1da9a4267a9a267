import Synchronization

/// Why a server ends, told once to the one who waits for it.
final class StopSignal: Sendable {
  enum Reason: Sendable {
    case requested
    case cancelled
    case unrecoverable(KServeServerError)
  }

  private struct State {
    var reason: Reason?
    var waiter: CheckedContinuation<Reason, Never>?
  }

  private let state = Mutex(State())

  /// Ends the wait; the first reason counts, except that an unrecoverable error outdoes a request.
  func send(_ reason: Reason) {
    let waiter = state.withLock { state in
      if case .unrecoverable = state.reason { return nil as CheckedContinuation<Reason, Never>? }
      if state.reason == nil {
        state.reason = reason
      } else if case .unrecoverable = reason {
        state.reason = reason
      }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: reason)
  }

  /// The reason, if there is one yet.
  var reason: Reason? { state.withLock { $0.reason } }

  /// Waits for a reason to end.
  func wait() async -> Reason {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state in
        if state.reason == nil { state.waiter = continuation }
        return state.reason
      }
      if let known { continuation.resume(returning: known) }
    }
  }
}
