import Dispatch
package import HostProcesses
import NativeLibraries
import Synchronization

/// Standard error of a program at work: lines that stay, and below them, on a terminal, one that says what
/// is done now and is replaced. Elsewhere there are lines only, without any control characters.
package final class StatusLine: Sendable {
  private struct State {
    /// What stands in the line that is replaced.
    var shown = ""
    /// Counts what was done, to tell whether it still is.
    var activities = 0
  }

  /// Of this process.
  package static let shared = StatusLine(terminal: .error) { text in
    Array(text.utf8).withUnsafeBytes { _ = FileSystem.write($0, to: 2) }
  }

  private let state = Mutex(State())
  private let isReplaced: Bool
  /// The columns of a line, which change with the terminal's window.
  private let width: @Sendable () -> Int?
  private let write: @Sendable (String) -> Void

  /// A line that is not replaced tells only of what takes as long as this.
  private static let patience = 2.0

  package convenience init(terminal: Terminal, write: @escaping @Sendable (String) -> Void) {
    self.init(isReplaced: terminal.replacesLines, width: { terminal.width }, write: write)
  }

  /// - Parameters:
  ///   - isReplaced: whether a line can be replaced.
  ///   - width: gives the columns of a line; `nil` for any number.
  package init(
    isReplaced: Bool, width: @escaping @Sendable () -> Int?,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.isReplaced = isReplaced
    self.width = width
    self.write = write
  }

  /// The columns that a text may take; a full line would begin another one.
  package var room: Int? { isReplaced ? width().map { max($0 - 1, 1) } : nil }

  /// Replaces the line; does nothing where none can be.
  package func show(_ text: String) {
    guard isReplaced else { return }
    state.withLock { draw(text, &$0) }
  }

  /// Takes the line away.
  package func clear() { state.withLock { draw("", &$0) } }

  /// Writes a line that stays.
  package func note(_ line: String) {
    state.withLock { state in
      let shown = state.shown
      draw("", &state)
      write(line + "\n")
      draw(shown, &state)
    }
  }

  private func draw(_ text: String, _ state: inout State) {
    guard isReplaced, text != state.shown else { return }
    let fitted = room.map { TextWidth.cut(text, to: $0) } ?? text
    write("\r\u{1B}[K" + fitted)
    state.shown = text
  }

  /// Shows what is done now (``Activity``): at once where the line is replaced, elsewhere as a line when it
  /// has lasted some seconds.
  package func show(activity: String?) {
    let number = state.withLock { state in
      state.activities += 1
      if isReplaced { draw(activity.map { "\($0) ..." } ?? "", &state) }
      return state.activities
    }
    guard !isReplaced, let activity else { return }
    DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { [self] in
      state.withLock { state in
        if state.activities == number { write("\(activity) ...\n") }
      }
    }
  }

  /// Shows from now on what this process is doing.
  package func showActivities() { Activity.observe { [self] in show(activity: $0) } }
}
