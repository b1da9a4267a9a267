import Synchronization

/// A value that a response handler leaves for its caller.
final class Collected<Value: Sendable>: Sendable {
  private let state = Mutex<Value?>(nil)

  func set(_ value: Value) { state.withLock { $0 = value } }

  func update(default initial: @autoclosure () -> Value, _ change: (inout Value) -> Void) {
    state.withLock { state in
      var value = state ?? initial()
      // Given up before the change, so that a growing array is not copied each time.
      state = nil
      change(&value)
      state = value
    }
  }

  var value: Value? { state.withLock { $0 } }
}
