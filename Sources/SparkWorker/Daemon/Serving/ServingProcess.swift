import ArrowIPC
import Glibc
import SparkFunctions
import Threads

/// A worker process's main thread: takes connections from the daemon, and ends with it.
///
/// It never computes, so that the end of the daemon is noticed at once.
struct ServingProcess {
  /// The descriptors that the daemon leaves to its workers.
  static let controlDescriptor: Int32 = 3
  static let ledgerDescriptor: Int32 = 4

  let control: ControlChannel
  let ledger: TaskLedger
  /// The key of the tasks that this process is set apart for, `nil` for the process of all others.
  let own: UInt64?
  let service: ConnectionService
  let options: WorkerOptions

  /// How long memory for messages waits for the next task.
  private static let memoryRetention = Duration.seconds(10)

  func run() -> Never {
    control.send(.init(kind: .ready))
    service.log(.debug, "serves functions \(service.engine.registry.names)")
    while true {
      var request = pollfd(descriptor: control.descriptor)
      let ready = poll(&request, 1, 1000)
      if ready < 0, errno != EINTR { end("waiting failed: \(String(cString: strerror(errno)))") }
      if ready > 0 {
        switch control.receive() {
        case .message(let message): take(message)
        case .nothing: break
        case .end: end("the daemon has ended")
        }
      }
      if let idle = service.activity.idleTime { rest(idle) }
    }
  }

  private func take(_ message: ControlChannel.Message) {
    guard message.kind == .serve else { return }
    guard let descriptor = message.descriptors.first else {
      service.log(.error, "this process may open no more files; a connection was closed")
      control.send(.init(kind: .closed, slot: message.slot))
      return
    }
    var bytes: [UInt8] = []
    if message.descriptors.count > 1 {
      bytes = AnonymousFile.contents(of: message.descriptors[1])
      close(message.descriptors[1])
    }
    let connection = WorkerConnection(descriptor: descriptor, received: bytes)
    let place = TaskPlace(
      slot: ledger.slot(message.slot), routing: TaskRouting(ledger: ledger, own: own))
    let started = Thread.start { [control, service] in
      let end = service.serve(connection, at: place)
      Self.report(end, of: message.slot, to: control, service.log)
    }
    if !started {
      service.log(.error, "the system gives no more threads; a connection was closed")
      control.send(.init(kind: .closed, slot: message.slot))
    }
  }

  private static func report(
    _ end: ConnectionService.End, of slot: Int, to control: ControlChannel, _ log: WorkerLog
  ) {
    switch end {
    case .closed: control.send(.init(kind: .closed, slot: slot))
    case .left: break
    case .elsewhere(let bytes):
      do {
        let file = try AnonymousFile.make("needletail-task", holding: bytes)
        control.send(.init(kind: .elsewhere, slot: slot, descriptors: [file]))
        close(file)
      } catch {
        log(.error, "\(error)")
        control.send(.init(kind: .closed, slot: slot))
      }
    }
  }

  /// Gives back what a process without tasks need not have.
  private func rest(_ idle: Duration) {
    if idle >= Self.memoryRetention { MessageMemory.shared.releaseSpare() }
    if idle < options.modelRetention { return }
    if own != nil, service.activity.retire() { end("no task for \(idle)") }
    if service.models.count > 0 {
      service.log(.info, "releases \(service.models.count) models after \(idle) without a task")
      service.models.removeAll()
    }
  }

  private func end(_ reason: String) -> Never {
    service.log(.debug, "ends: \(reason); \(service.models.loadCount) models were loaded")
    // Not exit(): libraries would be torn down while other threads still use them.
    _exit(0)
  }
}
