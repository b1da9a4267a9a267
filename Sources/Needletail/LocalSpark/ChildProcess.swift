import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

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

  /// glibc's `posix_spawn_file_actions_addclosefrom_np`, which Swift's headers do not show.
  private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
    unsafeBitCast(
      $0,
      to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
  }

  /// Lets a child inherit the first three descriptors only.
  static func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
    _ = closeFrom?(&actions, 3)
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
    guard pipe(&ends) == 0 else { throw Self.failure(arguments, errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // A child that inherits another child's pipe would keep that one from seeing our end.
    Self.closeOthers(&actions)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))
    posix_spawnattr_setpgroup(&attributes, 0)
    // With the mask of one of our threads the shell would never hear that its child has ended.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)

    let words = ["/bin/sh", "-c", Self.supervisor, "needletail", "\(stopSignal)"] + arguments
    let argumentPointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    let environmentPointers: [UnsafeMutablePointer<CChar>?] =
      environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
    var child: pid_t = 0
    let status = posix_spawn(
      &child, "/bin/sh", &actions, &attributes, argumentPointers, environmentPointers)
    close(ends[0])
    guard status == 0 else {
      close(ends[1])
      throw Self.failure(arguments, status)
    }
    pid = child
    state = Mutex(State(watch: ends[1], exitStatus: nil))
  }

  private static func failure(_ arguments: [String], _ code: Int32) -> NeedletailError {
    NeedletailError(
      .localSpark,
      "\(arguments.first ?? "a program") could not be started: \(String(cString: strerror(code)))")
  }

  /// The exit status once the program has ended, else `nil`.
  func poll() -> Int32? {
    state.withLock { state in
      if let known = state.exitStatus { return known }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
      // WIFEXITED and WEXITSTATUS are macros that Swift cannot see.
      let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
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
