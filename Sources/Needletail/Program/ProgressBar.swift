import FoundationEssentials
import HostProcesses
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
    /// The rows that were computed before this operation.
    var rowsBefore = 0
  }

  private let state = Mutex(State())
  private let line: StatusLine
  private let isReplaced: Bool
  private let countRows: @Sendable () -> Int?
  private static let delay = Duration.seconds(2)
  /// Between lines that stay.
  private static let pause = Duration.seconds(15)
  private static let width = 30

  /// - Parameter countRows: the rows that Spark's workers have computed, if somebody counts them.
  private init(isReplaced: Bool, countRows: @escaping @Sendable () -> Int?) {
    line = .shared
    self.isReplaced = isReplaced
    self.countRows = countRows
  }

  /// A bar on standard error if that is a terminal.
  package static func onTerminal(
    countRows: @escaping @Sendable () -> Int? = { nil }
  ) -> ProgressBar? {
    Terminal.error.replacesLines ? ProgressBar(isReplaced: true, countRows: countRows) : nil
  }

  /// A bar on a terminal, lines elsewhere.
  package static func onStandardError(
    countRows: @escaping @Sendable () -> Int? = { nil }
  ) -> ProgressBar {
    onTerminal(countRows: countRows) ?? ProgressBar(isReplaced: false, countRows: countRows)
  }

  func show(_ progress: ExecutionProgress) {
    state.withLock { state in
      if state.operation != progress.operation {
        state = State(operation: progress.operation, rowsBefore: countRows() ?? 0)
      }
      if progress.isFinished { return line.clear() }
      let elapsed = ContinuousClock.now - state.startedAt
      guard elapsed >= Self.delay, progress.taskCount > 0 else { return }
      let rows = countRows().map { $0 - state.rowsBefore }
      tell(Self.text(progress, rows: rows, elapsed: elapsed), share: progress.share, &state)
    }
  }

  /// Shows how far a run without Spark is.
  package func show(_ progress: LocalProgress) {
    state.withLock { state in
      if isReplaced, progress.elapsed < Self.delay { return }
      tell(Self.text(progress), share: progress.share, &state)
    }
  }

  private func tell(_ text: String, share: Double?, _ state: inout State) {
    if isReplaced {
      return line.show(Self.bar(share, beside: text, room: line.room) + text)
    }
    let last = state.toldAt ?? state.startedAt
    guard ContinuousClock.now - last >= Self.pause else { return }
    state.toldAt = .now
    line.note(text)
  }

  static func text(_ progress: LocalProgress) -> String {
    var text = "\(progress.rows)"
    if let total = progress.totalRows { text += "/\(total)" }
    text += " rows, \(Int(progress.rowsPerSecond)) rows/s"
    if let left = progress.secondsLeft { text += ", \(timeText(left)) left" }
    return text
  }

  /// - Parameter rows: those that workers have computed for this job, if somebody counts them.
  static func text(_ progress: ExecutionProgress, rows: Int?, elapsed: Duration) -> String {
    let seconds = elapsed / .seconds(1)
    var parts: [String] = []
    if let rows, rows > 0 { parts.append("\(rows) rows, \(Int(Double(rows) / seconds)) rows/s") }
    parts.append("\(progress.completedTaskCount)/\(progress.taskCount) tasks")
    if progress.inflightTaskCount > 0 { parts.append("\(progress.inflightTaskCount) running") }
    if progress.inputBytes > 0 { parts.append("\(progress.inputBytes >> 20) MiB read") }
    parts.append(
      progress.share > 0 && progress.share < 1
        ? "\(timeText(seconds * (1 - progress.share) / progress.share)) left"
        : "\(timeText(seconds)) so far")
    return parts.joined(separator: ", ")
  }

  static func timeText(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9).rounded(.up))
    if whole < 120 { return "\(whole) s" }
    return whole < 7200 ? "\(whole / 60) min" : "\(whole / 3600) h \(whole / 60 % 60) min"
  }

  /// The bar in front of a text, in what that leaves of a line of `room` columns.
  static func bar(_ share: Double?, beside text: String, room: Int?) -> String {
    guard let share else { return "" }
    let width = min(Self.width, room.map { $0 - TextWidth.of(text) - 1 } ?? Self.width)
    guard width >= 5 else { return "" }
    let full = Int(min(max(share, 0), 1) * Double(width))
    return String(repeating: "█", count: full) + String(repeating: "░", count: width - full) + " "
  }

  /// Removes the bar.
  package func clear() { line.clear() }
}

extension ExecutionProgress {
  /// The share of the tasks that are done, from 0 to 1.
  fileprivate var share: Double {
    taskCount > 0 ? Double(completedTaskCount) / Double(taskCount) : 0
  }
}
