package import Glibc

/// Starts `/bin/sh` with nothing of this process but what it is given: no descriptors, no signals blocked
/// or ignored.
package enum Shell {
  /// The system's code for why it could not be started.
  package struct Failure: Error, CustomStringConvertible {
    package let code: Int32
    package var description: String { String(cString: strerror(code)) }
  }

  /// Starts the shell as a child of this process, which must wait for its end, and as the leader of a group.
  ///
  /// - Parameters:
  ///   - script: what it does with `arguments` (`$1` and on).
  ///   - log: the file to the end of which its output goes.
  /// - Returns: its process id.
  package static func start(
    _ script: String, _ arguments: [String], environment: [String: String], input: Int32,
    log: String
  ) throws(Failure) -> pid_t {
    try spawn(script, arguments, environment, input: input, log: log, leading: .group)
  }

  /// Starts a program that outlives this process, in a session of its own. Nobody needs to wait for it: its
  /// parent ends at once, and a child that nobody waits for would stay behind as a zombie.
  ///
  /// - Parameters:
  ///   - arguments: the program and its arguments.
  ///   - log: the file to the end of which its output goes.
  package static func detach(
    _ arguments: [String], environment: [String: String], log: String
  ) throws(Failure) {
    let shell = try spawn(
      "\"$@\" & exit 0", arguments, environment, input: nil, log: log, leading: .session)
    var status: Int32 = 0
    while waitpid(shell, &status, 0) < 0, errno == EINTR {}
  }

  private static func spawn(
    _ script: String, _ arguments: [String], _ environment: [String: String], input: Int32?,
    log: String, leading leadership: Spawning.Leadership
  ) throws(Failure) -> pid_t {
    try Spawning.start(
      ["/bin/sh", "-c", script, "needletail"] + arguments, environment: environment, input: input,
      output: .log(log), leading: leadership)
  }
}
