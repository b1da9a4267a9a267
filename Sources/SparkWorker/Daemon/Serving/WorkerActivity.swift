import Synchronization

/// What the process is busy with, and since when it is not.
package final class WorkerActivity: Sendable {
  private struct State {
    var tasks = 0
    var lastTask = ContinuousClock.now
    var isRetired = false
  }

  private let state = Mutex(State())

  package init() {}

  /// Counts a task that is about to come; `false` if the process is about to end, and the task must
  /// be left to another one.
  func beginTask() -> Bool {
    state.withLock { state in
      if state.isRetired { return false }
      state.tasks += 1
      return true
    }
  }

  func endTask() {
    state.withLock { state in
      state.tasks -= 1
      state.lastTask = .now
    }
  }

  /// The time since the last task ended; `nil` while one runs.
  var idleTime: Duration? { state.withLock { $0.tasks > 0 ? nil : .now - $0.lastTask } }

  /// Refuses tasks from now on, unless one runs; `true` if the process may end.
  func retire() -> Bool {
    state.withLock { state in
      if state.tasks == 0 { state.isRetired = true }
      return state.isRetired
    }
  }
}
