import ArrowIPC
import BatchInference
import Glibc

/// Serves the tasks that come over one connection, one after the other, on the calling thread.
package struct ConnectionService: Sendable {
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
  /// - Parameter secret: what Spark must send first (TCP only).
  package func serve(_ connection: WorkerConnection, secret: String?) {
    do {
      if let secret, try !authenticate(connection, secret) { return }
      let executor = ThreadExecutor()
      // Spark may also close a connection that never carried a task.
      while try connection.waitForData() {
        let isReusable = activity.duringTask {
          TaskRunner(service: self, connection: connection, executor: executor).run()
        }
        if !isReusable { return }
      }
    } catch {
      log(.debug, "connection ended: \(error)")
    }
  }

  private func authenticate(
    _ connection: WorkerConnection, _ secret: String
  ) throws(WorkerError) -> Bool {
    guard try connection.waitForData() else { return false }
    let isRight = try connection.readText() == secret
    if !isRight { log(.error, "a connection with a wrong secret was refused") }
    connection.write(text: isRight ? "ok" : "err")
    try connection.flush()
    return isRight
  }
}
