import ArrowIPC
import Glibc
package import SparkFunctions
import Threads

/// Serves the tasks that come over one connection, one after the other, on the calling thread.
package struct ConnectionService: Sendable {
  /// How the service of a connection ended.
  package enum End: Sendable {
    /// One of the two sides needs it no more.
    case closed
    /// Its next task, of which these bytes were read, is for another process.
    case elsewhere([UInt8])
    /// This process is about to end; a task may wait in the connection, of which nothing was read.
    case left
  }

  package var engine: TaskEngine
  package var models: ModelCache
  package var log: WorkerLog
  package var activity: WorkerActivity
  /// Whether Spark's own addresses are of IPv6.
  package var prefersIPv6 = false

  package init(
    engine: TaskEngine, models: ModelCache = .shared, log: WorkerLog = WorkerLog(level: .warning),
    activity: WorkerActivity = WorkerActivity(), prefersIPv6: Bool = false
  ) {
    self.engine = engine
    self.models = models
    self.log = log
    self.activity = activity
    self.prefersIPv6 = prefersIPv6
  }

  /// Serves `connection` until the other side closes it or a task fails.
  ///
  /// - Parameter place: where the daemon looks when this process dies; `nil` without a daemon.
  @discardableResult
  package func serve(_ connection: WorkerConnection, at place: TaskPlace? = nil) -> End {
    do {
      let executor = ThreadExecutor()
      if let slot = place?.slot { connection.beforeSending = { slot.state = .writing } }
      while true {
        // Nothing is read before the ledger says so: the daemon gives a connection to another process
        // only if all bytes are still there.
        try connection.waitUntilReadable()
        guard activity.beginTask() else { return .left }
        defer { activity.endTask() }
        // Should the process die now, the task before is not to blame.
        place?.slot.forgetTask()
        place?.slot.state = .computing
        // Spark may also close a connection that never carried a task.
        guard try connection.waitForData() else { return .closed }
        let runner = TaskRunner(
          service: self, connection: connection, executor: executor, place: place)
        switch runner.run() {
        case .reusable: place?.slot.state = .idle
        case .ended: return .closed
        case .elsewhere(let bytes): return .elsewhere(bytes)
        }
      }
    } catch {
      log(.debug, "connection ended: \(error)")
      return .closed
    }
  }
}
