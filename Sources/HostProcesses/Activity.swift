import Synchronization

/// What this process is doing while somebody waits: starting Spark, sending the program, loading a model.
/// Whoever does it says so, and whoever shows it has asked to be told.
package enum Activity {
  /// Is given what is done now; `nil` when nothing is that takes time. It is called for one change after
  /// the other, and must begin no activity itself.
  package typealias Observer = @Sendable (String?) -> Void

  private struct State {
    var observer: Observer?
    var stack: [(id: Int, text: String)] = []
    var nextID = 0
  }

  private static let state = Mutex(State())

  /// Tells `observer` from now on; `nil` tells nobody.
  package static func observe(_ observer: Observer?) { state.withLock { $0.observer = observer } }

  package static var isObserved: Bool { state.withLock { $0.observer != nil } }

  /// Does `body`, which `text` names, such as `starting Spark`.
  package static func during<Result>(
    _ text: String, isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Result
  ) async rethrows -> Result {
    let id = begin(text)
    defer { end(id) }
    return try await body()
  }

  private static func begin(_ text: String) -> Int {
    state.withLock { state in
      state.nextID += 1
      state.stack.append((state.nextID, text))
      // Within the lock, so that what is told last is what is done.
      state.observer?(text)
      return state.nextID
    }
  }

  private static func end(_ id: Int) {
    state.withLock { state in
      state.stack.removeAll { $0.id == id }
      state.observer?(state.stack.last?.text)
    }
  }
}
