import BatchInference
import Glibc

/// The worker's process, as Spark starts it in place of Python's daemon.
///
/// ```swift
/// if let launch = WorkerLaunch.detect(arguments: CommandLine.arguments, environment: environment) {
///   WorkerDaemon.run(launch, registry: registry, fingerprint: fingerprint)
/// }
/// ```
///
/// One process serves all tasks that an executor runs for one session, a thread for each connection,
/// so that they share loaded models. Spark knows all of them by the same process id; do not switch on
/// `spark.sql.execution.pyspark.udf.idleTimeoutSeconds` with `killOnIdleTimeout`, which would end
/// the tasks of all. `OMP_NUM_THREADS`, which Spark sets to the CPUs of one task, is not looked at.
public enum WorkerDaemon {
  /// Serves Spark and ends the process: when Spark ends, asks for it (SIGTERM), or needs nothing for
  /// ``WorkerOptions/idleExit``. Call it before anything else and without other threads.
  ///
  /// - Parameters:
  ///   - fingerprint: the build of this program; functions of another build are refused.
  ///   - options: may be changed by the environment, see ``WorkerOptions/changed(by:)``.
  public static func run(
    _ launch: WorkerLaunch, registry: FunctionRegistry, fingerprint: String,
    options: WorkerOptions = WorkerOptions().changed(by: processEnvironment)
  ) -> Never {
    signal(SIGPIPE, SIG_IGN)
    MemorySettings.apply()
    let log = WorkerLog(level: options.logLevel)
    let output = claimStandardOutput()
    let service = ConnectionService(
      engine: TaskEngine(registry: registry, fingerprint: fingerprint), log: log,
      prefersIPv6: launch.isIPv6)
    do {
      switch launch {
      case .tcpDaemon(let secret, let isIPv6):
        let (listener, port) = try Socket.listenTCP(isIPv6: isIPv6)
        var greeting = WireBytes()
        greeting.append(Int32(port))
        DaemonLoop(
          listener: listener, secret: secret, socketPath: nil, service: service, options: options
        ).run(output: output, greeting: greeting)
      case .unixDaemon(let directory):
        let path = "\(directory)/.needletail-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let listener = try Socket.listenUnix(path: path)
        var greeting = WireBytes()
        greeting.append(text: path)
        DaemonLoop(
          listener: listener, secret: nil, socketPath: path, service: service, options: options
        ).run(output: output, greeting: greeting)
      case .tcpWorker(let port, let secret, let isIPv6):
        let connection = try Socket.connect(to: .tcp(port: port, isIPv6: isIPv6))
        connection.write(text: secret)
        try connection.flush()
        guard try connection.readText() == "ok" else {
          throw WorkerError(.launch, "Spark refused this worker's secret")
        }
        try serveAlone(connection, service)
      case .unixWorker(let path):
        try serveAlone(Socket.connect(to: .unix(path: path)), service)
      }
    } catch {
      // Spark adds standard error to the failure of a worker that does not start.
      log(.error, "cannot start: \(error)")
      _exit(1)
    }
  }

  /// The variables of this process.
  public static var processEnvironment: [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return variables
  }

  /// Keeps standard output for the greeting; whatever else is printed goes to standard error, since
  /// a single stray byte in front of the greeting would make Spark give up.
  private static func claimStandardOutput() -> Int32 {
    let output = dup(STDOUT_FILENO)
    dup2(STDERR_FILENO, STDOUT_FILENO)
    return output
  }

  /// The process of one connection, which ends with it or when Spark closes standard input.
  private static func serveAlone(
    _ connection: WorkerConnection, _ service: ConnectionService
  ) throws(WorkerError) -> Never {
    connection.write(getpid())
    try connection.flush()
    service.serve(connection, secret: nil)
    _exit(0)
  }
}

extension WorkerLaunch {
  var isIPv6: Bool {
    switch self {
    case .tcpDaemon(_, let isIPv6), .tcpWorker(_, _, let isIPv6): isIPv6
    case .unixDaemon, .unixWorker: false
    }
  }
}
