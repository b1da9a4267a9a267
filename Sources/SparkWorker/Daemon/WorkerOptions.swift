/// How the worker behaves; the environment of the executors can change it.
package struct WorkerOptions: Sendable {
  /// How long an idle process keeps its models.
  package var modelRetention = Duration.seconds(600)
  /// How long a daemon without connections lives on, with its models. Spark closes connections a minute
  /// after a session's last task, and starts another daemon when it needs one.
  package var idleExit = Duration.seconds(120)
  /// How long functions that ran in a process that died run apart, if nothing more happens.
  var probation = Duration.seconds(600)
  /// What is written to the executor's log.
  package var logLevel = WorkerLog.Level.info

  package init() {}

  /// These options as the environment changes them: `NEEDLETAIL_MODEL_RETENTION` and
  /// `NEEDLETAIL_WORKER_IDLE_EXIT` in seconds, `NEEDLETAIL_LOG_LEVEL` as `debug`, `info`, `warning` or
  /// `error`. Values that are none of these are ignored.
  package func changed(by environment: [String: String]) -> WorkerOptions {
    var options = self
    func seconds(_ name: String) -> Duration? {
      environment[name].flatMap(Double.init).flatMap {
        (0..<1e9).contains($0) ? .seconds($0) : nil
      }
    }
    if let retention = seconds("NEEDLETAIL_MODEL_RETENTION") { options.modelRetention = retention }
    if let idle = seconds("NEEDLETAIL_WORKER_IDLE_EXIT") { options.idleExit = idle }
    if let level = environment["NEEDLETAIL_LOG_LEVEL"].flatMap(WorkerLog.Level.init(rawValue:)) {
      options.logLevel = level
    }
    return options
  }
}
