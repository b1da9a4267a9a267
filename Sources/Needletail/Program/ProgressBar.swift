import Foundation
import SparkConnect
import Synchronization

/// A line on the terminal that shows how far a job has come; it appears after two seconds, so that
/// short jobs show nothing.
final class ProgressBar: Sendable {
  private struct State {
    var operation = ""
    var startedAt = ContinuousClock.now
    var isShown = false
  }

  private let state = Mutex(State())
  private static let delay = Duration.seconds(2)
  private static let width = 30

  /// A bar on standard error if that is a terminal.
  static func onTerminal() -> ProgressBar? { isatty(STDERR_FILENO) == 1 ? ProgressBar() : nil }

  func show(_ progress: ExecutionProgress) {
    state.withLock { state in
      if state.operation != progress.operation {
        state.operation = progress.operation
        state.startedAt = .now
      }
      if progress.isFinished {
        Self.erase(&state)
        return
      }
      let elapsed = ContinuousClock.now - state.startedAt
      guard elapsed >= Self.delay, progress.taskCount > 0 else { return }
      let share = Double(progress.completedTaskCount) / Double(progress.taskCount)
      let full = Int(share * Double(Self.width))
      let bar =
        String(repeating: "█", count: full) + String(repeating: "░", count: Self.width - full)
      let size = progress.inputBytes > 0 ? ", \(progress.inputBytes >> 20) MiB read" : ""
      Self.write(
        "\r\u{1B}[K\(bar) \(progress.completedTaskCount)/\(progress.taskCount) tasks, "
          + "\(progress.inflightTaskCount) running, \(elapsed.components.seconds) s\(size)")
      state.isShown = true
    }
  }

  /// Removes the bar.
  func clear() { state.withLock { Self.erase(&$0) } }

  private static func erase(_ state: inout State) {
    if state.isShown { write("\r\u{1B}[K") }
    state.isShown = false
  }

  private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
