import FoundationEssentials
import Glibc
import HostProcesses
import Texts

/// Keeps one server alive for as long as it is wanted, and leaves nothing of it behind.
///
/// The server is wanted while its lease is renewed and one of the processes that it is for lives, so that
/// it outlives neither the executors nor the driver, however those end. A server that ends, or no longer
/// answers, is started again.
struct ServerSupervisor: Sendable {
  /// What the supervision of a server takes.
  struct Limits: Sendable, Hashable, Codable {
    /// Seconds after which a lease that nobody has renewed is over.
    var leaseTime: Double = 18
    /// Seconds until the server must be ready.
    var startTime: Double = 120
    /// Seconds that the server has to end by itself.
    var exitTime: Double = 5
    /// How often a server that has ended, or hangs, is started again within ten minutes.
    var restarts = 3
    /// Seconds between the questions whether a server that was ready is live.
    var livenessInterval: Double = 1
    /// Unanswered questions in a row after which a server counts as hanging.
    var livenessFailures = 3
  }

  /// What is told of a server while it is supervised.
  enum Change: Sendable, Hashable {
    case starting
    case ready(ServerAddresses)
  }

  /// How the supervision ended.
  enum End: Sendable, Hashable {
    /// The lease says so.
    case stopped
    /// Nobody has renewed the lease.
    case leaseExpired
    /// The processes that the server was for have ended.
    case abandoned
    /// It could not be started, was not ready in time, or ended too often; with the end of its log.
    case failed(String)
  }

  /// How one start of the server ended.
  private enum Attempt {
    case unwanted(End)
    /// It ended before it was ready.
    case notReady(String)
    /// It was ready, and then ended or hung.
    case lost(String)
  }

  /// What a server may leave outside its workspace.
  private struct Traces {
    var memory: SharedMemoryFiles
    var folders: Set<String> = []
  }

  let launch: any ServerLaunch
  let folder: NodeServerFolder
  var limits = Limits()
  /// Whether all that descends from this process belongs to the server.
  var ownsDescendants = false

  private static let restartWindow = Duration.seconds(600)

  /// Runs the server until it ends for good or must.
  func run(onChange: @Sendable (Change) throws -> Void) async -> End {
    var starts: [ContinuousClock.Instant] = []
    var retries = 0
    while true {
      starts.append(.now)
      let attempt: Attempt
      do {
        try onChange(.starting)
        attempt = try await start(onChange)
      } catch {
        return .failed(error.reasonWithPath)
      }
      switch attempt {
      case .unwanted(let end): return end
      case .notReady(let reason):
        if launch.isWorthAnotherTry(log: folder.logTail()), retries < 3 {
          retries += 1
          starts.removeLast()
          continue
        }
        return .failed(reason)
      case .lost(let reason):
        starts.removeAll { ContinuousClock.now - $0 > Self.restartWindow }
        if starts.count > limits.restarts {
          return .failed("\(reason) (it was started \(starts.count) times)")
        }
      }
    }
  }

  /// Starts the server and watches it; none of its processes is left when this returns.
  private func start(_ onChange: @Sendable (Change) throws -> Void) async throws -> Attempt {
    let workspace = folder.path + "/w"
    try FileManager.default.createDirectory(
      atPath: workspace, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let command = try launch.command(in: workspace)
    let process = try ChildProcess(
      command.arguments, environment: command.environment, log: folder.log,
      stopSignal: command.stopSignal)
    var traces = Traces(memory: SharedMemoryFiles(prefix: command.sharedMemoryPrefix))
    let (attempt, hangs) = await watch(process, in: workspace, &traces, onChange)
    if !hangs {
      note(members(of: process), in: &traces)
      process.stop(grace: .seconds(limits.exitTime))
    }
    endMembers(of: process, &traces)
    process.stop(grace: .zero)
    traces.memory.remove()
    for path in traces.folders { try? FileManager.default.removeItem(atPath: path) }
    try? FileManager.default.removeItem(atPath: workspace)
    return attempt
  }

  private func members(of process: ChildProcess) -> [ProcessTable.Entry] {
    let group = ProcessTable.members(ofGroup: process.pid)
    guard ownsDescendants else { return group }
    return Array(Set(group + ProcessTable.descendants(of: getpid())))
  }

  /// Looks at what the server would leave, while its processes live.
  private func note(_ processes: [ProcessTable.Entry], in traces: inout Traces) {
    traces.memory.note(processes)
    traces.folders.formUnion(launch.strayFolders(of: processes))
  }

  /// Kills what the server has left: its helpers do not all end with it.
  private func endMembers(of process: ChildProcess, _ traces: inout Traces) {
    for _ in 0..<100 {
      let left = members(of: process)
      if left.isEmpty { return }
      // Halted first, so that none makes anything that is not seen.
      for entry in left { kill(entry.pid, SIGSTOP) }
      note(members(of: process), in: &traces)
      for entry in left { kill(entry.pid, SIGKILL) }
      // Cancellation is no reason to leave them.
      usleep(20_000)
    }
  }

  private func watch(
    _ process: ChildProcess, in workspace: String, _ traces: inout Traces,
    _ onChange: @Sendable (Change) throws -> Void
  ) async -> (Attempt, hangs: Bool) {
    let deadline = ContinuousClock.now + .seconds(limits.startTime)
    var addresses: ServerAddresses?
    var nextQuestion = ContinuousClock.now
    var unanswered = 0
    while true {
      if let status = process.poll() {
        let reason = failure("it ended with status \(status)")
        return (addresses == nil ? .notReady(reason) : .lost(reason), false)
      }
      if let end = unwanted() { return (.unwanted(end), false) }
      if let known = addresses {
        if ContinuousClock.now >= nextQuestion {
          note(members(of: process), in: &traces)
          unanswered = await launch.isLive(known) ? 0 : unanswered + 1
          nextQuestion = .now + .seconds(limits.livenessInterval)
        }
        if unanswered >= limits.livenessFailures {
          return (.lost(failure("it does not answer any more")), true)
        }
      } else {
        do {
          let found = try launch.addresses(in: workspace, of: members(of: process))
          if let found, await launch.isReady(found) {
            try onChange(.ready(found))
            addresses = found
          }
        } catch {
          return (.notReady(error.reasonWithPath), false)
        }
        if addresses == nil, ContinuousClock.now > deadline {
          return (.notReady(failure("it was not ready within \(limits.startTime) s")), true)
        }
      }
      // Cancellation must not make this a loop without a pause: it is a reason to end.
      do { try await Task.sleep(for: .milliseconds(100)) } catch {
        return (.unwanted(.stopped), false)
      }
    }
  }

  /// Why the server is not wanted any more, `nil` while it is.
  private func unwanted() -> End? {
    switch folder.lease.state(after: limits.leaseTime) {
    case .stop: return .stopped
    case .expired: return .leaseExpired
    case .valid: return folder.users().contains(where: \.isAlive) ? nil : .abandoned
    }
  }

  private func failure(_ what: String) -> String {
    "\(what); its log ends with:\n\(folder.logTail())"
  }
}
