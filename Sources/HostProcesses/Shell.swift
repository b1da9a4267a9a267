package import Foundation
import Glibc

/// Starts `/bin/sh` with nothing of this process but what it is given: no descriptors, no signals blocked
/// or ignored.
package enum Shell {
  /// What the shell leads, so that what ends this process's group does not end it.
  private enum Leadership {
    case group, session
  }

  /// The system's code for why it could not be started.
  package struct Failure: Error, CustomStringConvertible {
    package let code: Int32
    package var description: String { String(cString: strerror(code)) }
  }

  /// glibc's `posix_spawn_file_actions_addclosefrom_np`, which Swift's headers do not show.
  private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
    unsafeBitCast(
      $0,
      to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
  }

  /// `POSIX_SPAWN_SETSID`, which Swift's headers do not show.
  private static let newSession: Int32 = 0x80

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
    log: String, leading leadership: Leadership
  ) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // A child that inherits another child's pipe would keep that one from seeing our end.
    _ = closeFrom?(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    let leader = leadership == .group ? Int32(POSIX_SPAWN_SETPGROUP) : newSession
    posix_spawnattr_setflags(
      &attributes, Int16(leader | Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)))
    posix_spawnattr_setpgroup(&attributes, 0)
    // With the mask of one of our threads the shell would never hear that its child has ended.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)

    let words = (["/bin/sh", "-c", script, "needletail"] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var child: pid_t = 0
    let status = posix_spawn(&child, "/bin/sh", &actions, &attributes, words, variables)
    guard status == 0 else { throw Failure(code: status) }
    return child
  }
}
