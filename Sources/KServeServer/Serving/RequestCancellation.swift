import Synchronization

/// Tells the one who works on a request that its client has gone away or given it up.
final class RequestCancellation: Sendable {
  private struct State {
    var isCancelled = false
    var handler: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Calls the handler, now or when there is one; once.
  func cancel() {
    let handler = state.withLock { state in
      defer { state.handler = nil }
      if state.isCancelled { return nil as (@Sendable () -> Void)? }
      state.isCancelled = true
      return state.handler
    }
    handler?()
  }

  /// Sets what happens on cancellation, instead of what was set before; `nil` takes it away.
  func onCancel(_ handler: (@Sendable () -> Void)?) {
    let runsNow = state.withLock { state in
      if state.isCancelled { return true }
      state.handler = handler
      return false
    }
    if runsNow { handler?() }
  }
}
