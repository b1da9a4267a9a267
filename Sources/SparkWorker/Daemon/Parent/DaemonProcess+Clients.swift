import Glibc

extension DaemonProcess {
  /// How many workers may die one after the other before a connection's task has begun.
  private static let maximumLosses = 3
  /// A text longer than this is nobody's secret.
  private static let longestSecret = 1024

  mutating func accept() {
    guard let descriptor = Socket.acceptDescriptor(listener) else {
      // The connection stays where it is, and every wait for the next one would end at once.
      let reason = errno
      if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(reason) {
        if acceptsAgain == nil {
          log(
            .error,
            "no more connections can be taken for now: \(String(cString: strerror(reason))); raise the "
              + "limit of open files (ulimit -n) for Spark's executors")
        }
        acceptsAgain = ContinuousClock.now + .milliseconds(100)
      }
      return
    }
    acceptsAgain = nil
    guard let slot = (0..<TaskLedger.capacity).first(where: { clients[$0] == nil }) else {
      log(.error, "Spark holds \(clients.count) connections; another one was closed")
      close(descriptor)
      return
    }
    ledger.slot(slot).clear()
    var client = ClientConnection(
      descriptor: descriptor, phase: secret == nil ? .parked : .greeting([]))
    var greeting = WireBytes()
    greeting.append(getpid())
    guard client.send(greeting.bytes).isEmpty else { return client.close() }
    clients[slot] = client
  }

  /// A connection has something to read, or can be written to.
  mutating func handle(_ slot: Int) {
    guard let client = clients[slot] else { return }
    switch client.phase {
    case .greeting(let bytes): greet(slot, client, bytes)
    case .parked:
      guard let byte = client.read(1, isPeek: true) else { return }
      if byte.isEmpty { remove(slot) } else { give(slot, to: nil) }
    case .served: break
    case .leaving(let bytes):
      if !bytes.isEmpty { clients[slot]?.phase = .leaving(client.send(bytes)) }
      // Closing a socket with unread input would reset the connection, and what was sent last could
      // be lost.
      if let read = client.read(1 << 16), read.isEmpty { remove(slot) }
    }
  }

  /// Checks the secret, behind which Spark sends nothing before it has an answer.
  private mutating func greet(_ slot: Int, _ client: ClientConnection, _ known: [UInt8]) {
    let expected = Array((secret ?? "").utf8)
    // A length, and as many bytes.
    let length = known.count < 4 ? 0 : known[..<4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= max(Self.longestSecret, expected.count) else { return remove(slot) }
    guard let more = client.read(4 + length - known.count) else { return }
    if more.isEmpty { return remove(slot) }
    let bytes = known + more
    clients[slot]?.phase = .greeting(bytes)
    if known.count < 4, bytes.count == 4 { return greet(slot, client, bytes) }
    guard known.count >= 4, bytes.count == 4 + length else { return }
    let isRight = Array(bytes[4...]) == expected
    if !isRight { log(.error, "a connection with a wrong secret was refused") }
    var answer = WireBytes()
    answer.append(text: isRight ? "ok" : "err")
    let isSent = client.send(answer.bytes).isEmpty
    if isSent, isRight { clients[slot]?.phase = .parked } else { remove(slot) }
  }

  /// Has a worker serve a connection.
  ///
  /// - Parameters:
  ///   - own: the key of the tasks that the worker is set apart for, `nil` for the one of all others.
  ///   - file: bytes that were read of the connection already.
  mutating func give(_ slot: Int, to own: UInt64?, with file: Int32? = nil) {
    guard let client = clients[slot] else { return }
    if file == nil { ledger.slot(slot).clear() } else { ledger.slot(slot).state = .handed }
    clients[slot]?.keep(file)
    do throws(WorkerError) {
      let worker = try worker(for: own)
      let descriptors = [client.descriptor] + (clients[slot]?.file.map { [$0] } ?? [])
      let sent = worker.control.send(
        .init(kind: .serve, slot: slot, descriptors: descriptors), waits: false)
      // One that has just ended has it too: when it is buried, the connection goes to the next.
      guard sent != .refused else {
        throw WorkerError(.launch, "the worker process \(worker.processID) takes no connection")
      }
      clients[slot]?.phase = .served(by: worker.processID)
    } catch {
      tell(slot, TaskFailure(error, place: "a task"), endingArrow: false)
    }
  }

  /// Has a connection's task, which another process had begun to read, computed where it belongs.
  mutating func pass(_ slot: Int, with file: Int32?) {
    give(slot, to: ledger.owner(of: ledger.slot(slot).functions), with: file)
  }

  /// A connection's last words.
  private mutating func tell(_ slot: Int, _ failure: TaskFailure, endingArrow: Bool) {
    guard let client = clients[slot] else { return }
    let rest = client.send(failure.frame(endingArrow: endingArrow).bytes)
    clients[slot]?.phase = .leaving(rest)
  }

  mutating func remove(_ slot: Int) {
    var client = clients.removeValue(forKey: slot)
    client?.close()
  }

  /// The worker of a connection has died.
  ///
  /// - Parameters:
  ///   - others: what else the worker ran.
  mutating func worker(
    of slot: Int, died death: WorkerDeath, process: pid_t, isReady: Bool, others: [String]
  ) {
    let place = ledger.slot(slot)
    let state = place.state
    guard isReady else {
      let error = WorkerError(.launch, "the worker process \(death.startFailure)")
      return tell(slot, TaskFailure(error, place: "a task", process: process), endingArrow: false)
    }
    switch state {
    case .idle:
      let losses = place.functions.keys.isEmpty ? (clients[slot]?.losses ?? 0) + 1 : 0
      clients[slot]?.losses = losses
      if losses > Self.maximumLosses { return remove(slot) }
      clients[slot]?.phase = .parked
    case .handed:
      clients[slot]?.losses += 1
      guard let client = clients[slot], client.losses <= Self.maximumLosses else {
        return remove(slot)
      }
      pass(slot, with: client.file)
    case .computing, .answering:
      let functions = place.functions.names
      let error = WorkerError(
        .workerLost,
        "the process that computed this task \(death.description)"
          + Self.company(others), function: functions.isEmpty ? nil : functions)
      let failure = TaskFailure(error, place: place.place, process: process)
      tell(slot, failure, endingArrow: state == .answering)
    // Nothing that Spark could understand can follow.
    case .writing:
      log(.debug, "closes a connection in the middle of a message, of \(place.place)")
      remove(slot)
    case .answered: clients[slot]?.phase = .leaving([])
    }
  }

  /// What to say of the other tasks of a process that died.
  private static func company(_ others: [String]) -> String {
    if others.isEmpty { return "" }
    let names = Set(others).sorted().joined(separator: "; ")
    return " (it also ran \(others.count) other task\(others.count == 1 ? "" : "s"), of \(names): "
      + "if one of them is to blame, the next attempt of this one runs without them)"
  }
}
