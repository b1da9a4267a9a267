import Glibc

/// A process that computes, as its daemon sees it.
struct WorkerProcess {
  let processID: pid_t
  /// The key of the tasks that it is set apart for, `nil` for the process of all others.
  let own: UInt64?
  let control: ControlChannel
  /// Reads its standard error.
  let errors: Int32
  var lastWords = LastWords()
  /// Whether it may still write errors.
  private(set) var hasErrors = true
  /// Whether it has started and can serve.
  var isReady = false

  /// Starts this executable again, as a worker.
  static func start(own: UInt64?, ledger: TaskLedger) throws(WorkerError) -> WorkerProcess {
    let (control, workerControl) = try ControlChannel.pair()
    var pipeEnds: [Int32] = [-1, -1]
    guard pipe(&pipeEnds) == 0 else {
      let error = WorkerError.system("no more pipes")
      close(control.descriptor)
      close(workerControl)
      throw error
    }
    // Moved up, so that giving one of them its number in the worker does not close another.
    let moved = [workerControl, ledger.descriptor, pipeEnds[1]].map {
      fcntl($0, F_DUPFD_CLOEXEC, ServingProcess.ledgerDescriptor + 1)
    }
    _ = fcntl(pipeEnds[0], F_SETFD, FD_CLOEXEC)
    close(workerControl)
    close(pipeEnds[1])
    defer { for descriptor in moved { close(descriptor) } }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, moved[2], STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, moved[2], STDERR_FILENO)
    posix_spawn_file_actions_adddup2(&actions, moved[0], ServingProcess.controlDescriptor)
    posix_spawn_file_actions_adddup2(&actions, moved[1], ServingProcess.ledgerDescriptor)
    let words = [
      CommandLine.arguments.first ?? "needletail", "-m", WorkerLaunch.workerModule,
      own.map { String($0, radix: 16) } ?? WorkerLaunch.sharedRole,
    ]
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var processID = pid_t()
    // By its own name it would be called "exe" in listings; that one also works when the file is gone.
    var result = posix_spawn(&processID, Executable.path, &actions, nil, &pointers, environ)
    if result != 0 {
      result = posix_spawn(&processID, "/proc/self/exe", &actions, nil, &pointers, environ)
    }
    guard result == 0 else {
      close(control.descriptor)
      close(pipeEnds[0])
      errno = result
      throw WorkerError.system("\(Executable.path) cannot be started")
    }
    return WorkerProcess(
      processID: processID, own: own, control: control, errors: pipeEnds[0])
  }

  /// Copies what waits in its standard error to that of this process.
  mutating func copyErrors() {
    var piece = [UInt8](repeating: 0, count: 1 << 14)
    let count = read(errors, &piece, piece.count)
    guard count > 0 else {
      hasErrors = count < 0 && errno == EINTR
      return
    }
    lastWords.append(piece[..<count])
    writeAll(piece[..<count], to: STDERR_FILENO)
  }

  /// Copies what it has written by now, and not what a process that always writes goes on to write.
  mutating func copyWaitingErrors() {
    var request = pollfd(descriptor: errors)
    // As many pieces as a pipe holds.
    for _ in 0..<4 {
      guard hasErrors, poll(&request, 1, 0) > 0 else { return }
      copyErrors()
    }
  }

  /// Waits for the end of a process that has closed its descriptors, and takes what it left.
  mutating func bury() -> WorkerDeath {
    var status: Int32 = 0
    while waitpid(processID, &status, 0) < 0, errno == EINTR {}
    // Others may have inherited the pipe, so that its end need not come.
    var request = pollfd(descriptor: errors)
    while hasErrors, poll(&request, 1, 0) > 0 { copyErrors() }
    close(errors)
    close(control.descriptor)
    return WorkerDeath(status: status, lastWords: lastWords.lines)
  }
}

/// The file of this program.
enum Executable {
  static let path: String = {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }()
}
