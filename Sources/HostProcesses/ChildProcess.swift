package import Glibc
import Synchronization

/// A program started here that ends when this process ends, however that comes about.
///
/// A small shell watches a pipe from this process: when it closes, because ``stop(grace:)`` says so
/// or because this process died (even by SIGKILL), the shell asks the program to end, and ten seconds
/// later kills what is left of its process group. The group is the program's own, so that Ctrl-C at the
/// terminal reaches it through us only.
package final class ChildProcess: Sendable {
  private struct State {
    var watch: Int32
    var exitStatus: Int32?
  }

  package let pid: pid_t
  private let state: Mutex<State>

  /// Its first argument is the number of the signal that asks the program to end.
  private static let supervisor = """
    exec 3<&0
    signal=$1; shift
    "$@" </dev/null 3<&- &
    child=$!
    (cat <&3 >/dev/null; kill -$signal $child; sleep 10; kill -KILL 0) 2>/dev/null &
    exec 3<&-
    wait $child
    """

  /// Starts `arguments` with `environment`, its output going to the end of the file at `log`.
  ///
  /// - Throws: ``NeedletailError`` if the process cannot be started.
  package init(
    _ arguments: [String], environment: [String: String], log: String, stopSignal: Int32 = SIGTERM
  ) throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Self.failure(arguments, Shell.Failure(code: errno)) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    do throws(Shell.Failure) {
      pid = try Shell.start(
        Self.supervisor, ["\(stopSignal)"] + arguments, environment: environment, input: ends[0],
        log: log)
    } catch {
      close(ends[1])
      throw Self.failure(arguments, error)
    }
    state = Mutex(State(watch: ends[1], exitStatus: nil))
  }

  private static func failure(_ arguments: [String], _ cause: Shell.Failure) -> NeedletailError {
    NeedletailError(
      .localSpark, "\(arguments.first ?? "a program") could not be started: \(cause)", cause: cause)
  }

  /// The exit status once the program has ended, else `nil`.
  package func poll() -> Int32? {
    state.withLock { state in
      if let known = state.exitStatus { return known }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
      let code = ExitStatus.code(status)
      state.exitStatus = code
      return code
    }
  }

  /// Asks the program to end and waits for it; after `grace` its whole process group is killed.
  package func stop(grace: Duration = .seconds(8)) {
    state.withLock { state in
      if state.watch >= 0 { close(state.watch) }
      state.watch = -1
    }
    let deadline = ContinuousClock.now + grace
    while poll() == nil, ContinuousClock.now < deadline { usleep(20_000) }
    if poll() == nil {
      kill(-pid, SIGKILL)
      while poll() == nil { usleep(5_000) }
    }
  }

  deinit { state.withLock { if $0.watch >= 0 { close($0.watch) } } }
}
