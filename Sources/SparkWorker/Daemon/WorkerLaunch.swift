package import Glibc

/// How Spark started this process as a Python worker, if it did.
package enum WorkerLaunch: Sendable, Hashable {
  /// A daemon that takes connections at a port of the loopback interface and checks a secret.
  case tcpDaemon(secret: String, isIPv6: Bool)
  /// A daemon that takes connections at a socket file in `directory`.
  case unixDaemon(directory: String)
  /// A process for one task, which connects to Spark's port (`spark.python.use.daemon=false`).
  case tcpWorker(port: Int, secret: String, isIPv6: Bool)
  /// The same over a socket file.
  case unixWorker(path: String)
  /// A daemon that takes connections at the socket file `path`: Spark's own Python started it, and it
  /// ends with the executor, whose process is known or not.
  case besidePython(path: String, executor: pid_t?)
  /// A process that the daemon of this program started, for the tasks of one key only if there is one.
  case daemonsWorker(own: UInt64?)

  /// What stands in the place of Python's module on the command line of ``daemonsWorker(own:)``, and
  /// behind it if the process is for all tasks.
  static let workerModule = "needletail.worker"
  static let sharedRole = "shared"
  /// The same for ``besidePython(path:executor:)``; the socket's path stands behind it.
  static let daemonModule = "needletail.daemon"
  /// The variable with the executor's process.
  static let executorVariable = "NEEDLETAIL_EXECUTOR_PID"

  /// Recognises the command line `-m pyspark.daemon pyspark.worker`, or `-m pyspark.worker`, together
  /// with the variables that Spark sets.
  ///
  /// - Parameters:
  ///   - arguments: the command line with the program's name in front.
  ///   - environment: the variables of the process.
  /// - Returns: `nil` if somebody else started the program.
  package static func detect(
    arguments: [String], environment: [String: String]
  ) -> WorkerLaunch? {
    guard arguments.count >= 3, arguments[1] == "-m" else { return nil }
    if arguments.count == 4, arguments[2] == workerModule {
      if arguments[3] == sharedRole { return .daemonsWorker(own: nil) }
      return UInt64(arguments[3], radix: 16).map { .daemonsWorker(own: $0) }
    }
    if arguments.count == 4, arguments[2] == daemonModule {
      let executor = environment[executorVariable].flatMap(pid_t.init).flatMap { $0 > 1 ? $0 : nil }
      return .besidePython(path: arguments[3], executor: executor)
    }
    let isUnix = environment["PYTHON_UNIX_DOMAIN_ENABLED"]?.lowercased() == "true"
    let isIPv6 = prefersIPv6(environment)
    let secret = environment["PYTHON_WORKER_FACTORY_SECRET"]
    if isUnix, let path = environment["PYTHON_WORKER_FACTORY_SOCK_PATH"] {
      return .unixWorker(path: path)
    }
    if isUnix, let directory = environment["PYTHON_WORKER_FACTORY_SOCK_DIR"] {
      return .unixDaemon(directory: directory)
    }
    guard let secret else { return nil }
    if let port = environment["PYTHON_WORKER_FACTORY_PORT"].flatMap(Int.init) {
      return .tcpWorker(port: port, secret: secret, isIPv6: isIPv6)
    }
    return .tcpDaemon(secret: secret, isIPv6: isIPv6)
  }

  /// Whether Spark's own addresses are of IPv6.
  static func prefersIPv6(_ environment: [String: String]) -> Bool {
    environment["SPARK_PREFER_IPV6"]?.lowercased() == "true"
  }
}
