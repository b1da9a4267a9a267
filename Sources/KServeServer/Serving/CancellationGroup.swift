import Synchronization

/// The cancellations of several requests that end together.
final class CancellationGroup: Sendable {
  private struct State {
    var isCancelled = false
    var members: [RequestCancellation] = []
  }

  private let state = Mutex(State())

  /// A cancellation that ``cancel()`` calls off, too.
  func make() -> RequestCancellation {
    let member = RequestCancellation()
    let isCancelled = state.withLock { state in
      state.members.append(member)
      return state.isCancelled
    }
    if isCancelled { member.cancel() }
    return member
  }

  /// Forgets a request that has ended.
  func remove(_ member: RequestCancellation) {
    state.withLock { state in state.members.removeAll { $0 === member } }
  }

  /// Cancels all that have not ended, and those still to come.
  func cancel() {
    let members = state.withLock { state in
      state.isCancelled = true
      defer { state.members.removeAll() }
      return state.members
    }
    for member in members { member.cancel() }
  }
}
