import FoundationEssentials
import Glibc
import HostProcesses
import SparkFunctions

/// The server of one executor, as its tasks see it: started when it is not there, and looked up.
struct NodeServer: Sendable {
  let order: NodeServerOrder
  let worker: WorkerContext
  let executor: ExecutorIdentity

  init(_ order: NodeServerOrder, worker: WorkerContext) throws {
    self.order = order
    self.worker = worker
    executor = try .current()
  }

  var folder: NodeServerFolder { order.folder(for: executor) }

  /// Where the server listens; starts it if it does not run, and waits until it is ready.
  ///
  /// - Parameter lost: addresses under which the server no longer answers.
  /// - Throws: ``NeedletailError`` that says why there is none, with the end of its log.
  func addresses(otherThan lost: ServerAddresses? = nil) async throws -> ServerAddresses {
    // The supervisor has its own limit, and needs a moment to start.
    let deadline = ContinuousClock.now + .seconds(order.limits.startTime * 2 + 30)
    // A server that has just ended may not have been missed by its supervisor.
    let patience = ContinuousClock.now + .seconds(2)
    while ContinuousClock.now < deadline {
      guard let status = folder.status, status.supervisor.isAlive else {
        try await start(until: deadline)
        continue
      }
      try? folder.lease.renew()
      switch status.phase {
      case .failed:
        throw NeedletailError(
          .nodeServers,
          "the server of \(executor) did not start or has failed: \(status.message ?? "")")
      case .ready:
        guard let addresses = status.addresses, addresses != lost || .now > patience else { break }
        // A folder that has gone in this moment is that of a server whose time is over.
        if (try? folder.register(executor.process)) != nil { return addresses }
      case .starting: break
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw NeedletailError(
      .nodeServers, "the server of \(executor) was not there in time; see \(folder.supervisorLog)")
  }

  /// Starts the supervisor unless there is one, and waits until it has told its state.
  private func start(until deadline: ContinuousClock.Instant) async throws {
    try await folder.locked(until: deadline) {
      if folder.status?.supervisor.isAlive == true { return }
      try folder.create()
      try folder.register(executor.process)
      try folder.lease.renew()
      try folder.write(order: try order.resolved(for: worker, on: executor))
      try SupervisorMode.start(folder)
      let patience = ContinuousClock.now + .seconds(20)
      while folder.status == nil {
        guard ContinuousClock.now < patience else {
          let said = (try? String(contentsOfFile: folder.supervisorLog, encoding: .utf8)) ?? ""
          throw NeedletailError(
            .nodeServers, "the supervisor of a server on \(executor) did not start: \(said)")
        }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  /// What became of one server that was to stop.
  enum Stop: String, Sendable, Codable {
    case stopped, killed
  }

  /// Ends all servers of the set on this machine, and says what became of them, by folder.
  static func stopAll(ofSet set: String, exitTime: Double) async -> [Stop] {
    let folders = NodeServerFolder.all(ofSet: set)
    for folder in folders { try? folder.lease.stop() }
    var stops: [Stop] = []
    for folder in folders {
      guard let supervisor = folder.status?.supervisor else {
        folder.remove()
        continue
      }
      let deadline = ContinuousClock.now + .seconds(exitTime + 5)
      while supervisor.isAlive, ContinuousClock.now < deadline { usleep(20_000) }
      if supervisor.isAlive {
        let members = ProcessTable.descendants(of: supervisor.pid)
        kill(supervisor.pid, SIGKILL)
        for entry in members { kill(entry.pid, SIGKILL) }
        stops.append(.killed)
      } else {
        stops.append(.stopped)
      }
      folder.remove()
    }
    return stops
  }

  /// Says for all servers of the set on this machine that they are still wanted.
  static func renewAll(ofSet set: String) {
    for folder in NodeServerFolder.all(ofSet: set) where folder.exists {
      try? folder.lease.renew()
    }
  }
}
