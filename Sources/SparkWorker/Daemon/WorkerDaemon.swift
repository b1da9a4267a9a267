import FoundationEssentials
import Glibc

/// The worker's processes, as Spark starts them in place of Python's daemon.
///
/// ```swift
/// if let launch = WorkerLaunch.detect(arguments: CommandLine.arguments, environment: environment) {
///   WorkerDaemon.run(launch) { TaskEngine(registry: registry, fingerprint: fingerprint) }
/// }
/// ```
///
/// Spark starts a daemon, a small process that computes nothing and starts the same program again, as
/// the worker. One worker process serves all tasks that an executor runs for one session, a thread for
/// each connection, so that they share loaded models; when it dies, the daemon starts another. Spark
/// knows all of them by the daemon's process id; do not switch on
/// `spark.sql.execution.pyspark.udf.idleTimeoutSeconds` with `killOnIdleTimeout`, which would end
/// the tasks of all. `OMP_NUM_THREADS`, which Spark sets to the CPUs of one task, is not looked at.
package enum WorkerDaemon {
  /// Serves Spark and ends the process: when Spark ends, asks for it (SIGTERM), or needs nothing for
  /// ``WorkerOptions/idleExit``. Call it before anything else and without other threads.
  ///
  /// - Parameters:
  ///   - launch: how Spark started the process.
  ///   - options: may be changed by the environment, see ``WorkerOptions/changed(by:)``.
  ///   - engine: makes what computes; the daemon itself does not call it. What it throws is told to
  ///     Spark.
  package static func run(
    _ launch: WorkerLaunch,
    options: WorkerOptions = WorkerOptions().changed(by: processEnvironment),
    engine: () throws -> TaskEngine
  ) -> Never {
    signal(SIGPIPE, SIG_IGN)
    do {
      switch launch {
      case .tcpDaemon(let secret, let isIPv6):
        let (listener, port) = try Socket.listenTCP(isIPv6: isIPv6)
        var greeting = WireBytes()
        greeting.append(Int32(port))
        try runDaemon(listener, secret, nil, greeting, options)
      case .unixDaemon(let directory):
        let path = "\(directory)/.needletail-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let listener = try Socket.listenUnix(path: path)
        var greeting = WireBytes()
        greeting.append(text: path)
        try runDaemon(listener, nil, path, greeting, options)
      case .besidePython(let path, let executor):
        let listener = try Socket.listenUnix(path: path)
        var greeting = WireBytes()
        greeting.append(text: path)
        try runDaemon(
          listener, nil, path, greeting, options,
          lifeline: .process(executor.flatMap(ProcessStart.init)))
      case .daemonsWorker(let own): try serveDaemon(own, options, engine())
      case .tcpWorker(let port, let secret, let isIPv6):
        claimStandardOutput()
        let service = service(engine: try engine(), options)
        let connection = try Socket.connect(to: .tcp(port: port, isIPv6: isIPv6))
        guard try connection.answer(toSecret: secret) == "ok" else {
          throw WorkerError(.launch, "Spark refused this worker's secret")
        }
        try serveAlone(connection, service)
      case .unixWorker(let path):
        claimStandardOutput()
        let service = service(engine: try engine(), options)
        try serveAlone(Socket.connect(to: .unix(path: path)), service)
      }
    } catch {
      // Spark adds standard error to the failure of a daemon that does not start, and a daemon what its
      // worker said.
      let line = Array("\(TaskFailure.prefix)cannot start: \(error)\n".utf8)
      _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      _exit(1)
    }
  }

  /// The variables of this process.
  package static var processEnvironment: [String: String] { ProcessInfo.processInfo.environment }

  private static func runDaemon(
    _ listener: Int32, _ secret: String?, _ socketPath: String?, _ greeting: WireBytes,
    _ options: WorkerOptions, lifeline: DaemonProcess.Lifeline = .standardInput
  ) throws(WorkerError) -> Never {
    let output = claimStandardOutput()
    var daemon = DaemonProcess(
      listener: listener, secret: secret, socketPath: socketPath, options: options,
      ledger: try TaskLedger(), log: WorkerLog(level: options.logLevel), lifeline: lifeline)
    daemon.run(output: output, greeting: greeting)
  }

  private static func serveDaemon(
    _ own: UInt64?, _ options: WorkerOptions, _ engine: TaskEngine
  ) throws(WorkerError) -> Never {
    // What functions start must not hold them.
    for descriptor in [ServingProcess.controlDescriptor, ServingProcess.ledgerDescriptor] {
      guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
        throw WorkerError(.launch, "only a Needletail daemon starts this program so")
      }
    }
    ServingProcess(
      control: ControlChannel(descriptor: ServingProcess.controlDescriptor),
      ledger: try TaskLedger(descriptor: ServingProcess.ledgerDescriptor), own: own,
      service: service(engine: engine, options), options: options
    ).run()
  }

  private static func service(
    engine: TaskEngine, _ options: WorkerOptions
  ) -> ConnectionService {
    MemorySettings.apply()
    return ConnectionService(
      engine: engine, log: WorkerLog(level: options.logLevel),
      prefersIPv6: WorkerLaunch.prefersIPv6(processEnvironment))
  }

  /// Keeps standard output for the greeting; whatever else is printed goes to standard error, since
  /// a single stray byte in front of the greeting would make Spark give up.
  @discardableResult
  private static func claimStandardOutput() -> Int32 {
    let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
    dup2(STDERR_FILENO, STDOUT_FILENO)
    return output
  }

  /// The process of one connection, which ends with it.
  private static func serveAlone(
    _ connection: WorkerConnection, _ service: ConnectionService
  ) throws(WorkerError) -> Never {
    connection.write(getpid())
    try connection.flush()
    service.serve(connection)
    _exit(0)
  }
}
