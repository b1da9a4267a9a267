import Synchronization

/// Says from any thread that something should end.
final class StopFlag: Sendable {
  private let isSet = Atomic(false)

  func set() { isSet.store(true, ordering: .relaxed) }

  func check() throws {
    if isSet.load(ordering: .relaxed) { throw CancellationError() }
  }
}
