import Synchronization

/// A value that is computed when it is first asked for, and once.
final class Once<Value: Sendable>: Sendable {
  private let known = Mutex<Value?>(nil)
  private let compute: @Sendable () -> Value

  init(_ compute: @escaping @Sendable () -> Value) { self.compute = compute }

  var value: Value {
    known.withLock { known in
      if let known { return known }
      let made = compute()
      known = made
      return made
    }
  }
}
