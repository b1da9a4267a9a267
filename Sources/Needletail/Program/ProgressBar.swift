import FoundationEssentials
import Glibc
package import LocalEngine
import NativeLibraries
import SparkConnect
import Synchronization

/// A line on standard error that shows how far a job has come; it appears after a while, so that short
/// jobs show nothing. On a terminal it is drawn again and again, elsewhere further lines follow.
package final class ProgressBar: Sendable {
  private struct State {
    var operation = ""
    var startedAt = ContinuousClock.now
    var toldAt: ContinuousClock.Instant?
    var isShown = false
  }

  private let state = Mutex(State())
  private let isTerminal: Bool
  private static let delay = Duration.seconds(2)
  private static let pause = Duration.seconds(30)
  private static let width = 30

  private init(isTerminal: Bool) { self.isTerminal = isTerminal }

  /// A bar on standard error if that is a terminal.
  package static func onTerminal() -> ProgressBar? {
    isatty(STDERR_FILENO) == 1 ? ProgressBar(isTerminal: true) : nil
  }

  /// A bar on a terminal, lines elsewhere.
  package static func onStandardError() -> ProgressBar {
    onTerminal() ?? ProgressBar(isTerminal: false)
  }

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
      let size = progress.inputBytes > 0 ? ", \(progress.inputBytes >> 20) MiB read" : ""
      Self.draw(
        Double(progress.completedTaskCount) / Double(progress.taskCount),
        "\(progress.completedTaskCount)/\(progress.taskCount) tasks, "
          + "\(progress.inflightTaskCount) running, \(elapsed.components.seconds) s\(size)", &state)
    }
  }

  /// Shows how far a run without Spark is.
  package func show(_ progress: LocalProgress) {
    state.withLock { state in
      let text = Self.text(progress)
      if isTerminal {
        if progress.elapsed >= Self.delay { Self.draw(progress.share, text, &state) }
        return
      }
      let last = state.toldAt ?? state.startedAt
      guard ContinuousClock.now - last >= Self.pause else { return }
      state.toldAt = .now
      Self.write(text + "\n")
    }
  }

  static func text(_ progress: LocalProgress) -> String {
    var text = "\(progress.rows)"
    if let total = progress.totalRows { text += "/\(total)" }
    text += " rows, \(Int(progress.rowsPerSecond)) rows/s"
    if let left = progress.secondsLeft { text += ", \(Int(left.rounded(.up))) s left" }
    return text
  }

  private static func draw(_ share: Double?, _ text: String, _ state: inout State) {
    var bar = ""
    if let share {
      let full = Int(min(max(share, 0), 1) * Double(width))
      bar =
        String(repeating: "█", count: full) + String(repeating: "░", count: width - full) + " "
    }
    write("\r\u{1B}[K" + bar + text)
    state.isShown = true
  }

  /// Removes the bar.
  package func clear() { state.withLock { Self.erase(&$0) } }

  private static func erase(_ state: inout State) {
    if state.isShown { write("\r\u{1B}[K") }
    state.isShown = false
  }

  private static func write(_ text: String) { FileSystem.write(text, to: STDERR_FILENO) }
}
