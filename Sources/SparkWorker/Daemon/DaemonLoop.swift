import ArrowIPC
import BatchInference
import Glibc

/// The daemon's main thread: takes connections, listens to Spark, and ends the process.
///
/// It never computes, so that new connections get their answer at once; Spark gives up a daemon that
/// does not answer within a minute.
struct DaemonLoop {
  let listener: Int32
  let secret: String?
  let socketPath: String?
  let service: ConnectionService
  let options: WorkerOptions

  /// What a signal handler may touch: the socket file to remove.
  private nonisolated(unsafe) static var pathToRemove: UnsafeMutablePointer<CChar>?

  func run(output: Int32, greeting: WireBytes) -> Never {
    // A process group of its own, as Python's daemon has it: Ctrl-C in a terminal is for the driver.
    setpgid(0, 0)
    Self.pathToRemove = socketPath.flatMap { strdup($0) }
    signal(SIGTERM) { _ in
      if let path = DaemonLoop.pathToRemove { unlink(path) }
      _exit(0)
    }
    // Whoever started this process may have had the signal blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    let written = greeting.bytes.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
    guard written == greeting.bytes.count else { end("standard output is closed") }
    service.log(.debug, "listens with functions \(service.engine.registry.names)")
    while true {
      var requests = [pollfd(descriptor: STDIN_FILENO), pollfd(descriptor: listener)]
      let ready = poll(&requests, 2, 1000)
      if ready < 0, errno != EINTR { end("waiting failed: \(String(cString: strerror(errno)))") }
      if ready > 0 {
        if requests[0].revents != 0 { readRequest() }
        if requests[1].revents != 0, let connection = Socket.accept(listener) { greet(connection) }
      }
      if let idle = service.activity.idleTime, idle >= Self.memoryRetention {
        MessageMemory.shared.releaseSpare()
      }
      if let idle = service.activity.idleTime, idle >= options.modelRetention,
        service.models.count > 0
      {
        service.log(.info, "releases \(service.models.count) models after \(idle) without a task")
        service.models.removeAll()
      }
      if let time = service.activity.timeWithoutConnection, time >= options.idleExit {
        end("nothing to do for \(time)")
      }
    }
  }

  /// How long memory for messages waits for the next task.
  private static let memoryRetention = Duration.seconds(10)

  /// Spark writes the ids of processes to kill, and closes the pipe when it ends. All tasks share
  /// this process, so that a request cannot say which one is meant: it is the one whose connection
  /// closes next, and its thread notices.
  private func readRequest() {
    var number: Int32 = 0
    let count = read(STDIN_FILENO, &number, MemoryLayout<Int32>.size)
    if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { end("Spark has ended") }
    service.log(.debug, "ignores a request to kill process \(Int32(bigEndian: number))")
  }

  private func greet(_ connection: WorkerConnection) {
    connection.write(getpid())
    guard (try? connection.flush()) != nil else { return }
    service.activity.beginConnection()
    let started = Thread.start { [service, secret] in
      service.serve(connection, secret: secret)
      service.activity.endConnection()
    }
    if !started {
      service.activity.endConnection()
      service.log(.error, "the system gives no more threads; a connection was closed")
    }
  }

  private func end(_ reason: String) -> Never {
    service.log(.info, "ends: \(reason); \(service.models.loadCount) models were loaded")
    if let socketPath { unlink(socketPath) }
    // Not exit(): libraries would be torn down while other threads still use them.
    _exit(0)
  }
}
