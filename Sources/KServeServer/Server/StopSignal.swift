/// Why a server ends, told once to the one who waits for it.
final class StopSignal: Sendable {
  enum Reason: Sendable {
    case requested
    case cancelled
    case unrecoverable(KServeServerError)
  }

  private let pending = Pending<Reason>()

  /// Ends the wait; the first reason counts, except that an unrecoverable error outdoes a request.
  func send(_ reason: Reason) {
    pending.give(reason) { first in
      if case .unrecoverable = first { return false }
      if case .unrecoverable = reason { return true }
      return false
    }
  }

  /// The reason, if there is one yet.
  var reason: Reason? { pending.known }

  /// Waits for a reason to end.
  func wait() async -> Reason { await pending.value() }
}
