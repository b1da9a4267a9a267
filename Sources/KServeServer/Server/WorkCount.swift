import Synchronization

/// How much of something is at work, until no more is let in and the last of it has ended.
final class WorkCount: Sendable {
  private struct State {
    var active = 0
    var isClosed = false
    var hasEnded: Bool { isClosed && active == 0 }
  }

  private let state = Mutex(State())
  private let ended = Pending<Void>()

  /// How much is at work.
  var active: Int { state.withLock { $0.active } }

  /// Counts one in; `false` if no more is let in.
  func begin() -> Bool {
    state.withLock { state in
      if state.isClosed { return false }
      state.active += 1
      return true
    }
  }

  /// Counts one out.
  func end() { change { $0.active -= 1 } }

  /// Lets no more in.
  func close() { change { $0.isClosed = true } }

  /// Waits until no more is let in and the last has ended.
  func wait() async { await ended.value() }

  private func change(_ body: (inout State) -> Void) {
    let hasEnded = state.withLock { state in
      body(&state)
      return state.hasEnded
    }
    if hasEnded { ended.give(()) }
  }
}
