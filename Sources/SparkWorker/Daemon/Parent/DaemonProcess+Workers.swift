import Glibc

extension DaemonProcess {
  /// The worker for tasks of the key `own`, or for all others; started if there is none.
  mutating func worker(for own: UInt64?) throws(WorkerError) -> WorkerProcess {
    if let worker = workers.values.first(where: { $0.own == own }) { return worker }
    let worker = try WorkerProcess.start(own: own, ledger: ledger)
    workers[worker.processID] = worker
    Termination.add(worker.processID)
    log(.debug, "started process \(worker.processID)\(own == nil ? "" : " for functions apart")")
    return worker
  }

  mutating func copyErrors(of id: pid_t) {
    workers[id]?.copyErrors()
  }

  /// Takes all that a worker says, up to its end.
  mutating func readMessages(of id: pid_t) {
    while let worker = workers[id] {
      switch worker.control.receive() {
      case .message(let message): take(message, from: id)
      case .nothing: return
      case .end: return bury(id)
      }
    }
  }

  private mutating func take(_ message: ControlChannel.Message, from id: pid_t) {
    defer { for descriptor in message.descriptors { close(descriptor) } }
    if message.kind == .ready { workers[id]?.isReady = true }
    guard case .served(let process)? = clients[message.slot]?.phase, process == id else { return }
    switch message.kind {
    case .closed: remove(message.slot)
    case .elsewhere:
      guard let file = message.descriptors.first else {
        log(.error, "this process may open no more files; a connection was closed")
        return remove(message.slot)
      }
      pass(message.slot, with: file)
    case .serve, .ready: break
    }
  }

  /// A worker has ended: its tasks are told, its other connections wait for the next task.
  private mutating func bury(_ id: pid_t) {
    guard var worker = workers.removeValue(forKey: id) else { return }
    let death = worker.bury()
    Termination.remove(id)
    var slots: [Int] = []
    for (slot, client) in clients {
      if case .served(let process) = client.phase, process == id { slots.append(slot) }
    }
    let running = slots.filter {
      worker.isReady && [.computing, .answering, .writing].contains(ledger.slot($0).state)
    }
    let functions = Dictionary(
      uniqueKeysWithValues: running.map { ($0, ledger.slot($0).functions) })
    suspicion.died(running: functions.values.map(\.keys))
    ledger.suspects = suspicion.suspects
    if worker.own == nil || !running.isEmpty {
      // A task whose first message was not read yet has no names.
      let names = Set(functions.values.map(\.names)).subtracting([""]).sorted()
      let end = worker.isReady ? death.description : death.startFailure
      log(
        running.isEmpty && worker.isReady ? .warning : .error,
        "process \(id) \(end); it ran \(running.count) tasks"
          + (names.isEmpty ? "" : " of \(names.joined(separator: "; "))"))
    }
    for slot in slots {
      let own = functions[slot]?.keys
      let others = functions.values.filter { !$0.keys.isEmpty && $0.keys != own }.map(\.names)
      self.worker(
        of: slot, died: death, process: id, isReady: worker.isReady,
        others: others)
    }
  }
}
