import FoundationEssentials
import Glibc
import Synchronization

/// A program started here whose output is read. Its input is empty, and it leads a group of processes, so
/// that Ctrl-C at the terminal reaches it through us only.
package final class CapturedProcess: Sendable {
  /// What became of the program.
  package struct Result: Sendable, Hashable {
    /// Its exit status, or 128 and the number of the signal that ended it; -1 if somebody else in this
    /// process has waited for it.
    package var status: Int32
    package var output: [UInt8]
    /// What it wrote to its standard error; empty if that is a part of the output.
    package var errors: [UInt8]
  }

  private let pid: pid_t
  private let output: Int32
  /// -1 if the errors are a part of the output.
  private let errors: Int32
  /// Whether its number may be another process's by now.
  private let hasEnded = Mutex(false)

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - arguments: the path of the program and its arguments.
  ///   - environment: its variables; `nil` for those of this process.
  ///   - joinsErrors: whether what it writes to its standard error is a part of the output.
  package init(
    _ arguments: [String], environment: [String: String]? = nil, joinsErrors: Bool = false
  ) throws(Shell.Failure) {
    let toOutput = try Pipe()
    defer { close(toOutput.end) }
    var toErrors: Pipe?
    do throws(Shell.Failure) {
      if !joinsErrors { toErrors = try Pipe() }
      pid = try Spawning.start(
        arguments, environment: environment ?? ProcessInfo.processInfo.environment, input: nil,
        output: .descriptors(output: toOutput.end, errors: (toErrors ?? toOutput).end),
        leading: .group)
    } catch {
      close(toOutput.start)
      if let toErrors {
        close(toErrors.start)
        close(toErrors.end)
      }
      throw error
    }
    if let toErrors { close(toErrors.end) }
    output = toOutput.start
    errors = toErrors?.start ?? -1
  }

  deinit {
    close(output)
    if errors >= 0 { close(errors) }
  }

  /// Runs a program to its end, as ``init(_:environment:joinsErrors:)`` and ``result()`` do.
  package static func run(
    _ arguments: [String], environment: [String: String]? = nil, joinsErrors: Bool = false
  ) throws(Shell.Failure) -> Result {
    try CapturedProcess(arguments, environment: environment, joinsErrors: joinsErrors).result()
  }

  /// Asks the program, and what it has started in its group, to end, unless it has.
  package func terminate() {
    hasEnded.withLock { if !$0 { kill(-pid, SIGTERM) } }
  }

  /// Waits, blocking the thread, until the program and all to which it has handed its output have closed
  /// that, and until the program itself has ended. To be called once: nobody else waits for the child.
  package func result() -> Result {
    let (said, complained) = read()
    // First without taking its status, for until then its number is nobody else's.
    var end = siginfo_t()
    while waitid(P_PID, id_t(pid), &end, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    let status = hasEnded.withLock { hasEnded in
      hasEnded = true
      var status: Int32 = 0
      return waitpid(pid, &status, 0) == pid ? ExitStatus.code(status) : -1
    }
    return Result(status: status, output: said, errors: complained)
  }

  /// Both at once: a program that has filled one pipe would wait for us while we wait at the other.
  private func read() -> (output: [UInt8], errors: [UInt8]) {
    var ends = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var texts: [[UInt8]] = [[], []]
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while ends.contains(where: { $0.fd >= 0 }) {
      if poll(&ends, nfds_t(ends.count), -1) < 0, errno != EINTR { break }
      for place in ends.indices where ends[place].fd >= 0 && ends[place].revents != 0 {
        let count = Glibc.read(ends[place].fd, &piece, piece.count)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { ends[place].fd = -1 } else { texts[place] += piece[..<count] }
      }
    }
    return (texts[0], texts[1])
  }
}

/// A pipe of which no other child gets anything.
private struct Pipe {
  let start: Int32
  let end: Int32

  init() throws(Shell.Failure) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Shell.Failure(code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (start, end) = (ends[0], ends[1])
  }
}
