import Glibc

/// The process that Spark starts in place of Python's daemon: it holds Spark's pipes and connections,
/// and has other processes, of the same program, compute.
///
/// It runs none of the program's code, so that it outlives whatever happens to them: a process that
/// dies costs one attempt of the tasks that it ran. One process has all tasks, so that they share
/// loaded models; functions in whose company a process died get processes of their own
/// (``FunctionSuspicion``). Everything happens on the main thread, which never waits for one of them.
struct DaemonProcess {
  /// How the process learns that Spark has ended.
  enum Lifeline {
    /// Spark closes the pipe that is its standard input.
    case standardInput
    /// The executor is looked for; without one to look for, only idleness ends the process.
    case process(ProcessStart?)
  }

  let listener: Int32
  let secret: String?
  let socketPath: String?
  let options: WorkerOptions
  let ledger: TaskLedger
  let log: WorkerLog
  let lifeline: Lifeline
  let files = SessionFiles()
  var suspicion: FunctionSuspicion
  var workers: [pid_t: WorkerProcess] = [:]
  /// By place in the ledger.
  var clients: [Int: ClientConnection] = [:]
  /// When the last connection went; `nil` while there is one, and before the first one: Spark starts a
  /// daemon because it is about to connect.
  private var aloneSince: ContinuousClock.Instant?
  private var lastCheck = ContinuousClock.now
  private var lastLook = ContinuousClock.now
  /// When to take connections again, while the process may open no more files.
  var acceptsAgain: ContinuousClock.Instant?

  /// How often to look whether the session's files are still there.
  private static let checkInterval = Duration.seconds(3)
  /// How often to look whether the executor is still there.
  private static let lookInterval = Duration.seconds(1)

  init(
    listener: Int32, secret: String?, socketPath: String?, options: WorkerOptions,
    ledger: TaskLedger, log: WorkerLog, lifeline: Lifeline = .standardInput
  ) {
    self.listener = listener
    self.secret = secret
    self.socketPath = socketPath
    self.options = options
    self.ledger = ledger
    self.log = log
    self.lifeline = lifeline
    // Whoever started it may be gone before it connects.
    if case .process = lifeline { aloneSince = .now }
    suspicion = FunctionSuspicion(probation: options.probation)
  }

  mutating func run(output: Int32, greeting: WireBytes) -> Never {
    // A process group of its own, as Python's daemon has it: Ctrl-C in a terminal is for the driver.
    setpgid(0, 0)
    Termination.prepare(removing: socketPath)
    // A connection may be gone before it is taken.
    _ = fcntl(listener, F_SETFL, O_NONBLOCK)
    // Swift's backtraces take seconds, in which a process that crashes holds up its other tasks, and
    // threads that crash at the same time can wait for each other for ever. Whoever wants one can say so.
    setenv("SWIFT_BACKTRACE", "enable=no", 0)
    // Before Spark connects, so that the worker starts while it does.
    _ = try? worker(for: nil)
    let written = greeting.bytes.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
    guard written == greeting.bytes.count else { end("standard output is closed") }
    while true {
      waitAndHandle()
      if suspicion.expire() {
        ledger.suspects = suspicion.suspects
        log(.info, "functions that ran apart run with the others again")
      }
      endIfUseless()
      endWithExecutor()
    }
  }

  private mutating func waitAndHandle() {
    let rests = acceptsAgain.map { $0 > .now } ?? false
    var requests = [
      pollfd(descriptor: readsRequests ? STDIN_FILENO : -1),
      pollfd(descriptor: rests ? -1 : listener),
    ]
    let workerIDs = Array(workers.keys)
    for id in workerIDs {
      if let worker = workers[id] {
        requests.append(pollfd(descriptor: worker.control.descriptor))
        // A negative number is passed over, here as above.
        requests.append(pollfd(descriptor: worker.hasErrors ? worker.errors : -1))
      }
    }
    let waiting = clients.compactMap { slot, client in client.request.map { (slot, $0) } }
    requests += waiting.map(\.1)
    let ready = poll(&requests, nfds_t(requests.count), rests ? 100 : 1000)
    if ready < 0, errno != EINTR { end("waiting failed: \(String(cString: strerror(errno)))") }
    guard ready > 0 else { return }
    if requests[0].revents != 0 { readRequest() }
    for (index, id) in workerIDs.enumerated() {
      let position = 2 + 2 * index
      if requests[position + 1].revents != 0 { copyErrors(of: id) }
      if requests[position].revents != 0 { readMessages(of: id) }
    }
    for (index, item) in waiting.enumerated()
    where requests[2 + 2 * workerIDs.count + index].revents != 0 {
      handle(item.0)
    }
    if requests[1].revents != 0 { accept() }
  }

  private var readsRequests: Bool {
    if case .standardInput = lifeline { true } else { false }
  }

  private mutating func endWithExecutor() {
    guard case .process(let executor?) = lifeline, lastLook.duration(to: .now) >= Self.lookInterval
    else { return }
    lastLook = .now
    if !executor.isRunning { end("the executor has ended") }
  }

  /// Spark writes the ids of processes to kill, and closes the pipe when it ends. All tasks share
  /// this process's id, so that a request cannot say which one is meant: it is the one whose connection
  /// closes next, and its thread notices.
  private func readRequest() {
    var number: Int32 = 0
    let count = read(STDIN_FILENO, &number, MemoryLayout<Int32>.size)
    if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { end("Spark has ended") }
    log(.debug, "ignores a request to kill process \(Int32(bigEndian: number))")
  }

  /// Ends when Spark holds no connection and will hardly open one: the session's files are gone, or
  /// nothing was to do for long. Not before: a daemon that dies while Spark keeps idle connections
  /// makes Spark's next job fail.
  private mutating func endIfUseless() {
    guard clients.isEmpty, let since = aloneSince else {
      if !clients.isEmpty { aloneSince = .now }
      return
    }
    let now = ContinuousClock.now
    if now - since >= options.idleExit { end("nothing to do for \(now - since)") }
    if now - lastCheck >= Self.checkInterval {
      lastCheck = now
      if files.areGone { end("the session's files are gone") }
    }
  }

  func end(_ reason: String) -> Never {
    // What functions have printed just now is on its way through this process.
    for var worker in workers.values { worker.copyWaitingErrors() }
    log(.info, "ends: \(reason)")
    Termination.now()
  }
}

/// How the daemon ends, also from a signal handler: with its workers and its socket file.
enum Termination {
  private static let capacity = 256
  /// The worker processes; 0 where there is none.
  private nonisolated(unsafe) static let processes: UnsafeMutablePointer<pid_t> = {
    let memory = UnsafeMutablePointer<pid_t>.allocate(capacity: capacity)
    memory.initialize(repeating: 0, count: capacity)
    return memory
  }()
  private nonisolated(unsafe) static var path: UnsafeMutablePointer<CChar>?

  /// Has SIGTERM end this process.
  static func prepare(removing path: String?) {
    self.path = path.flatMap { strdup($0) }
    _ = processes
    signal(SIGTERM) { _ in Termination.now() }
    // Whoever started this process may have had the signal blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  static func add(_ process: pid_t) { replace(0, process) }
  static func remove(_ process: pid_t) { replace(process, 0) }

  private static func replace(_ old: pid_t, _ new: pid_t) {
    for index in 0..<capacity where processes[index] == old {
      processes[index] = new
      return
    }
  }

  static func now() -> Never {
    for index in 0..<capacity where processes[index] > 0 { kill(processes[index], SIGKILL) }
    if let path { unlink(path) }
    _exit(0)
  }
}
