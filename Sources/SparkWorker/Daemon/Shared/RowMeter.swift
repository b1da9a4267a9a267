import Glibc
import Synchronization

/// Counts the rows that this process has computed, for ``RowCounts``; nothing where nobody asked.
package final class RowMeter: Sendable {
  /// Of this process.
  package static let shared = RowMeter(
    folder: getenv(RowCounts.variable).map { String(cString: $0) })

  private struct State {
    var descriptor: Int32 = -1
    var rows = 0
    var writtenAt: ContinuousClock.Instant?
  }

  private let folder: String?
  private let state = Mutex(State())
  private static let pause = Duration.milliseconds(100)

  package init(folder: String?) { self.folder = folder.flatMap { $0.isEmpty ? nil : $0 } }

  /// Notes that `rows` more are done. Nobody minds some that are told later.
  package func add(_ rows: Int) {
    guard let folder else { return }
    state.withLock { state in
      state.rows += rows
      let now = ContinuousClock.now
      if let before = state.writtenAt, now - before < Self.pause { return }
      state.writtenAt = now
      if state.descriptor < 0 {
        state.descriptor = open("\(folder)/\(getpid())", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
      }
      guard state.descriptor >= 0 else { return }
      withUnsafeBytes(of: state.rows) { _ = pwrite(state.descriptor, $0.baseAddress, $0.count, 0) }
    }
  }
}
