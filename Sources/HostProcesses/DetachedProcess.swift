package import Glibc
import Synchronization

/// A program started here, in a session of its own, that may outlive this process.
///
/// While this process lives it is the program's parent, so that ``poll()`` tells how the program ended.
package final class DetachedProcess: Sendable {
  package let pid: pid_t
  private let exitStatus = Mutex<Int32?>(nil)

  /// Starts `arguments` with `environment`, its output going to the end of the file at `log`.
  ///
  /// - Throws: ``Shell/Failure`` if the program cannot be started.
  package init(
    _ arguments: [String], environment: [String: String], log: String
  ) throws(Shell.Failure) {
    pid = try Spawning.start(
      arguments, environment: environment, input: nil, output: .log(log), leading: .session)
  }

  /// The exit status once the program has ended, else `nil`.
  package func poll() -> Int32? {
    exitStatus.withLock { known in
      if known != nil { return known }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
      known = ExitStatus.code(status)
      return known
    }
  }
}
