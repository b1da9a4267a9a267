import Glibc

/// Lines for the executor's log, written to standard error, which Spark copies there.
package struct WorkerLog: Sendable {
  /// How grave a line is; what lies below the log's own level is left out.
  package enum Level: String, Sendable, Hashable, CaseIterable, Comparable {
    case debug, info, warning, error, nothing

    package static func < (left: Level, right: Level) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }
  }

  /// How every line begins.
  static let prefix = "needletail worker "

  /// Lines below this level are left out.
  package var level: Level

  package init(level: Level) { self.level = level }

  /// Writes one line (in one system call, so that lines of several tasks do not mix).
  package func callAsFunction(_ level: Level, _ message: @autoclosure () -> String) {
    guard level >= self.level else { return }
    let line = "\(Self.prefix)\(getpid()) \(level.rawValue): \(message())\n"
    writeAll(Array(line.utf8)[...], to: STDERR_FILENO)
  }
}
