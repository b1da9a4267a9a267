import Foundation

/// Keeps one server process alive for as long as it is wanted, and leaves nothing of it behind.
///
/// The server ends with the processes that it is for, and when its lease is no longer renewed, so that
/// it outlives neither an executor nor a driver, however those end. It ends with this process too.
struct ServerSupervisor: Sendable {
  /// What to run, and for how long.
  struct Order: Sendable, Hashable, Codable {
    var command: [String]
    var environment: [String: String] = [:]
    /// An existing folder of the server's own, with the log and the lease; removed at the end.
    var folder: String
    /// What the names of the server's regions in shared memory begin with; removed at the end.
    var sharedMemoryPrefix: String?
    /// Processes without which the server is not wanted.
    var watched: [ProcessIdentity] = []
    /// Seconds after which a lease that nobody has renewed is over.
    var leaseTime: Double = 20
    /// Seconds until the server must be ready.
    var startTime: Double = 120
    /// Seconds that the server has to end by itself.
    var exitTime: Double = 8

    var log: String { folder + "/server.log" }
    var lease: Lease { Lease(path: folder + "/lease") }
  }

  /// How a server ended.
  enum End: Sendable, Hashable {
    /// The lease says so.
    case stopped
    /// Nobody has renewed the lease.
    case leaseExpired
    /// A process that the server was for has ended.
    case abandoned(by: ProcessIdentity)
    /// It could not be started, or was not ready in time; with the end of its log.
    case failedToStart(String)
    /// It ended by itself after it had been ready; with the end of its log.
    case exited(Int32, String)
  }

  let order: Order

  /// Runs the server until it ends or must.
  ///
  /// - Parameters:
  ///   - isReady: asks the server.
  ///   - onReady: called once, with the process that leads the server's group.
  func run(
    isReady: @Sendable () async -> Bool, onReady: @Sendable (Int32) async -> Void
  ) async -> End {
    defer { removeFiles() }
    let process: ChildProcess
    do {
      process = try ChildProcess(
        order.command, environment: order.environment, log: order.log)
    } catch {
      return .failedToStart("\(error)")
    }
    let end = await watch(process, isReady: isReady, onReady: onReady)
    process.stop(grace: .seconds(order.exitTime))
    // A server that was killed leaves its helpers, which are in its group.
    kill(-process.pid, SIGKILL)
    return end
  }

  private func watch(
    _ process: ChildProcess, isReady: @Sendable () async -> Bool,
    onReady: @Sendable (Int32) async -> Void
  ) async -> End {
    let deadline = ContinuousClock.now + .seconds(order.startTime)
    var wasReady = false
    while true {
      if let status = process.poll() {
        let ending = "it ended with status \(status)"
        return wasReady ? .exited(status, logTail()) : .failedToStart(failure(ending))
      }
      if let lost = order.watched.first(where: { !$0.isAlive }) { return .abandoned(by: lost) }
      switch order.lease.state(after: order.leaseTime) {
      case .valid: break
      case .stop: return .stopped
      case .expired: return .leaseExpired
      }
      if !wasReady {
        if await isReady() {
          wasReady = true
          await onReady(process.pid)
        } else if ContinuousClock.now > deadline {
          return .failedToStart(failure("it was not ready within \(order.startTime) s"))
        }
      }
      // Cancellation must not make this a loop without a pause: it is a reason to end.
      do { try await Task.sleep(for: .milliseconds(100)) } catch { return .stopped }
    }
  }

  private func failure(_ what: String) -> String {
    "the server \(order.command.first ?? "") did not start: \(what); its log ends with:\n\(logTail())"
  }

  /// The last lines of the log, as much as fits in a message.
  private func logTail() -> String {
    guard let file = FileHandle(forReadingAtPath: order.log) else { return "(it has no log)" }
    defer { try? file.close() }
    let size = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: size > 4096 ? size - 4096 : 0)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    let lines = text.split(separator: "\n").suffix(30)
    return lines.isEmpty ? "(its log is empty)" : lines.joined(separator: "\n")
  }

  /// A prefix as short as this could be that of somebody else.
  private static let shortestPrefix = 12

  private func removeFiles() {
    let files = FileManager.default
    try? files.removeItem(atPath: order.folder)
    guard let prefix = order.sharedMemoryPrefix, prefix.utf8.count >= Self.shortestPrefix,
      let names = try? files.contentsOfDirectory(atPath: "/dev/shm")
    else { return }
    for name in names where name.hasPrefix(prefix) {
      try? files.removeItem(atPath: "/dev/shm/" + name)
    }
  }
}
