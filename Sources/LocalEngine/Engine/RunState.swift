import Threads

/// What all threads of a run share beside the rows: the lock, and whether to go on.
final class RunState: @unchecked Sendable {
  /// Guards this and the state of the run's queues.
  let condition = BlockingCondition()
  private var failure: (any Error)?
  private var cancellations: [Int: @Sendable () -> Void] = [:]
  private var nextCancellation = 0

  /// Whether threads should stop; under the lock.
  var isStopped: Bool { failure != nil }

  /// The first thing that went wrong.
  var error: (any Error)? { condition.withLock { failure } }

  /// Stops the run; the first error counts.
  func fail(_ error: any Error) {
    let waiting: [@Sendable () -> Void] = condition.withLock {
      if failure != nil { return [] }
      failure = error
      condition.broadcast()
      return Array(cancellations.values)
    }
    for cancel in waiting { cancel() }
  }

  /// Has `cancel` called when the run is stopped, at once if it is.
  func onStop(_ cancel: @escaping @Sendable () -> Void) -> Int {
    let number: Int? = condition.withLock {
      if failure != nil { return nil }
      nextCancellation += 1
      cancellations[nextCancellation] = cancel
      return nextCancellation
    }
    if number == nil { cancel() }
    return number ?? 0
  }

  /// Forgets what ``onStop(_:)`` was given.
  func forget(_ number: Int) { condition.withLock { cancellations[number] = nil } }

  /// - Throws: `CancellationError` if the run is stopped.
  func check() throws {
    if condition.withLock({ isStopped }) { throw CancellationError() }
  }
}
