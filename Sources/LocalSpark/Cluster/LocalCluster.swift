import FoundationEssentials
import Glibc
import HostProcesses

/// A standalone cluster of Spark on this machine, with a server of Spark Connect, that stays when the
/// program that has started it ends. A user has one.
///
/// All of it listens on the loopback interface alone.
package enum LocalCluster {
  package enum Start: Sendable {
    case started(ClusterStatus)
    /// One was there already.
    case running(ClusterStatus)
  }

  /// Starts a cluster, unless one runs. What an earlier one has left is ended.
  ///
  /// - Parameter confirm: tries the server, whose connection string it is given.
  /// - Throws: ``NeedletailError`` if something is missing or a process does not start, with the end of its
  ///   log; what `confirm` throws. Nothing is left then.
  package static func start(
    _ options: ClusterOptions, confirm: (String) async throws -> Void
  ) async throws -> Start {
    let folder = ClusterFolder.ofUser
    return try await folder.locked {
      if let status = status(), status.isServing { return .running(status) }
      await end(folder)
      var start: ClusterStart
      do {
        start = try ClusterStart(options, in: folder)
        try await start.run(confirm)
      } catch {
        // A cancelled task cannot wait; the end gets one of its own.
        await Task.detached { await end(folder) }.value
        folder.remove()
        throw error
      }
      return .started(ClusterStatus(start.record))
    }
  }

  /// The folder with its logs and temporary files.
  package static var folder: String { ClusterFolder.ofUser.path }

  /// How the cluster does; `nil` if none was started.
  package static func status() -> ClusterStatus? {
    ClusterFolder.ofUser.record().map(ClusterStatus.init)
  }

  /// What ``stop(removingTables:)`` found.
  package struct Stop: Sendable, Hashable {
    /// Whether there was anything that ran, or had been left.
    package var wasThere: Bool
    /// The tables that stay.
    package var tables: ClusterTables?
    /// Whether there were tables, and have been removed.
    package var hasRemovedTables = false
  }

  /// Ends the cluster, also what is left of one, and removes its files, but for its tables.
  ///
  /// - Parameters:
  ///   - removingTables: removes the tables, too.
  ///   - environment: tells where this user's tables lie, if no cluster was there to tell.
  /// - Throws: ``NeedletailError`` if a process does not end, or tables are not removed.
  package static func stop(
    removingTables: Bool = false,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws -> Stop {
    let folder = ClusterFolder.ofUser
    return try await folder.locked {
      let record = folder.record()
      let isThere = record != nil || !folder.processes().isEmpty
      await Activity.during("stopping Spark") { await end(folder) }
      let left = folder.processes()
      guard left.isEmpty else {
        throw NeedletailError(
          .localSpark,
          "these processes of Spark do not end: \(left.map { "\($0.pid)" }.joined(separator: ", ")); "
            + "try again, or see what they wait for")
      }
      // Last, since who starts one meanwhile waits for this folder.
      defer { folder.remove() }
      let tables =
        try record?.tables.map(ClusterTables.init(path:))
        ?? (removingTables ? ClusterTables(environment: environment) : nil)
      if removingTables {
        return Stop(wasThere: isThere, hasRemovedTables: try tables?.remove() ?? false)
      }
      return Stop(wasThere: isThere, tables: tables.flatMap { $0.entries.isEmpty ? nil : $0 })
    }
  }

  /// Ends the processes of the folder's cluster, and removes their files.
  private static func end(_ folder: ClusterFolder) async {
    if let record = folder.record() {
      let alive = record.processes.filter(record.isAlive)
      // The server first: it tells the master that its application is done, which ends the executors.
      let server = alive.filter { $0.role == ClusterRole.connect }.map(\.identity)
      await end(server, within: .seconds(10))
      await end(alive.map(\.identity), within: .seconds(8))
    }
    await end(folder.processes(), within: .seconds(3))
    folder.empty()
  }

  /// Asks processes to end, and kills those that have not in time.
  private static func end(_ processes: [ProcessIdentity], within time: Duration) async {
    for signal in [SIGTERM, SIGKILL] {
      let alive = processes.filter(\.isAlive)
      if alive.isEmpty { return }
      for process in alive { kill(process.pid, signal) }
      let deadline = ContinuousClock.now + (signal == SIGTERM ? time : .seconds(2))
      while processes.contains(where: \.isAlive), ContinuousClock.now < deadline {
        try? await Task.sleep(for: .milliseconds(50))
      }
    }
  }
}
