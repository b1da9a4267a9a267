import Glibc

/// How a worker process ended, in words for those whose tasks it took with it.
struct WorkerDeath {
  /// What `waitpid` gave.
  let status: Int32
  /// What the process wrote to standard error at the end.
  let lastWords: [String]

  private var signal: Int32? { status & 0x7F == 0 ? nil : status & 0x7F }
  private var exitStatus: Int32 { (status >> 8) & 0xFF }

  private var words: String {
    lastWords.isEmpty ? "" : "; it said: \(lastWords.joined(separator: " | "))"
  }

  /// What happened to a process that ran, why processes usually end so, and what to do.
  var description: String {
    guard let signal else {
      return "ended by itself with status \(exitStatus); a function or a library called exit()"
        + words
    }
    let known = Self.signals[signal] ?? ("signal \(signal)", nil)
    return "was ended by \(known.0)" + (known.1.map { ", \($0)" } ?? "") + words
  }

  /// What happened to a process that was about to start.
  var startFailure: String {
    guard signal == nil else { return description }
    return "ended with status \(exitStatus) before it could take a task" + words
  }

  private static let trap =
    "as a trap ends a Swift program: a failed precondition or fatalError, an index out of range, "
    + "an integer overflow"

  private static let signals: [Int32: (String, String?)] = [
    SIGILL: ("signal 4 (SIGILL)", trap),
    SIGTRAP: ("signal 5 (SIGTRAP)", trap),
    SIGABRT: ("signal 6 (SIGABRT)", "as an error that nobody catches ends a library in C++"),
    SIGBUS: (
      "signal 7 (SIGBUS)", "usually a file that was cut while it was in use, or a full /dev/shm"
    ),
    SIGFPE: ("signal 8 (SIGFPE)", "usually a division of integers by zero in native code"),
    SIGKILL: (
      "signal 9 (SIGKILL)",
      "usually for want of memory: the system or the cluster manager kills what takes too much. Raise "
        + "spark.executor.memoryOverhead, or use smaller batches, a smaller model, or fewer tasks at "
        + "a time"
    ),
    SIGSEGV: (
      "signal 11 (SIGSEGV)", "usually a fault in native code, or recursion that is too deep"
    ),
    SIGTERM: ("signal 15 (SIGTERM)", "which somebody sent"),
    SIGSYS: ("signal 31 (SIGSYS)", "a system call that this machine forbids"),
  ]
}

/// The end of what a process wrote to standard error.
struct LastWords {
  private static let capacity = 1 << 14
  private static let maximumLines = 6
  private static let maximumLength = 1500
  private var bytes: [UInt8] = []

  mutating func append(_ piece: ArraySlice<UInt8>) {
    bytes += piece
    if bytes.count > 2 * Self.capacity { bytes.removeFirst(bytes.count - Self.capacity) }
  }

  /// The message of a trap or of Swift's backtrace, or else the last lines; without the lines of the log,
  /// which are not about an end.
  var lines: [String] {
    let lines = String(decoding: bytes.suffix(Self.capacity), as: UTF8.self)
      .split(whereSeparator: \.isNewline)
      .filter { !$0.hasPrefix(WorkerLog.prefix) && !$0.allSatisfy(\.isWhitespace) }
    let start =
      lines.lastIndex { $0.contains("Fatal error") }
      ?? lines.lastIndex { $0.contains("Program crashed") }
    let chosen = start.map { lines[$0...].prefix(1) } ?? lines.suffix(Self.maximumLines)
    var rest = Self.maximumLength
    return chosen.compactMap { line in
      defer { rest -= line.utf8.count }
      return rest > 0 ? String(line.prefix(rest)) : nil
    }
  }
}
