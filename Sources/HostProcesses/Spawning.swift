import Glibc

/// Starts programs with nothing of this process but what they are given: no descriptors, no signals
/// blocked or ignored.
enum Spawning {
  /// What the program leads, so that what ends this process's group does not end it.
  enum Leadership {
    case group, session
  }

  /// Where what the program says goes.
  enum Output {
    /// All of it to the end of the file.
    case log(String)
    /// To descriptors of this process.
    case descriptors(output: Int32, errors: Int32)
  }

  /// glibc's `posix_spawn_file_actions_addclosefrom_np`, which Swift's headers do not show.
  private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
    unsafeBitCast(
      $0,
      to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
  }

  /// `POSIX_SPAWN_SETSID`, which Swift's headers do not show.
  private static let newSession: Int32 = 0x80

  /// Starts a program as a child of this process.
  ///
  /// - Parameters:
  ///   - words: the path of the program, and its arguments.
  ///   - input: a descriptor of this process; `nil` for an input that is empty.
  /// - Returns: its process id.
  static func start(
    _ words: [String], environment: [String: String], input: Int32?, output: Output,
    leading leadership: Leadership
  ) throws(Shell.Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    switch output {
    case .log(let path):
      posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    case .descriptors(let output, let errors):
      posix_spawn_file_actions_adddup2(&actions, output, 1)
      posix_spawn_file_actions_adddup2(&actions, errors, 2)
    }
    // A child that inherits another child's pipe would keep that one from seeing our end.
    _ = closeFrom?(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    let leader = leadership == .group ? Int32(POSIX_SPAWN_SETPGROUP) : newSession
    posix_spawnattr_setflags(
      &attributes, Int16(leader | Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)))
    posix_spawnattr_setpgroup(&attributes, 0)
    // With the mask of one of our threads a shell would never hear that its child has ended.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)

    let arguments = words.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }
    var child: pid_t = 0
    let status = posix_spawn(&child, words[0], &actions, &attributes, arguments, variables)
    guard status == 0 else { throw Shell.Failure(code: status) }
    return child
  }
}
