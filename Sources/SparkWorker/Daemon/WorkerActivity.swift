import Synchronization

/// What the process is busy with, and since when it is not.
package final class WorkerActivity: Sendable {
  private struct State {
    var connections = 0
    var tasks = 0
    var lastTask = ContinuousClock.now
    var lastConnection: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  package init() {}

  package func beginConnection() { state.withLock { $0.connections += 1 } }

  package func endConnection() {
    state.withLock {
      $0.connections -= 1
      $0.lastConnection = .now
    }
  }

  func duringTask<Result>(_ body: () throws -> Result) rethrows -> Result {
    state.withLock { $0.tasks += 1 }
    defer {
      state.withLock {
        $0.tasks -= 1
        $0.lastTask = .now
      }
    }
    return try body()
  }

  /// The time since the last task ended; `nil` while one runs.
  var idleTime: Duration? { state.withLock { $0.tasks > 0 ? nil : .now - $0.lastTask } }

  /// The time since the last connection ended; `nil` while there is one, and before the first one:
  /// Spark starts a daemon because it is about to connect.
  var timeWithoutConnection: Duration? {
    state.withLock { state in
      state.connections > 0 ? nil : state.lastConnection.map { .now - $0 }
    }
  }
}
