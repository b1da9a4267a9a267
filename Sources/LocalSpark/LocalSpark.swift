import FoundationEssentials
import HostProcesses

/// A Spark Connect server on this machine, started for one program and stopped with it.
///
/// It listens on the loopback interface only, on a port that the system chooses, and asks for a
/// random token, so other users of the machine cannot enter.
public final class LocalSpark: Sendable {
  /// What to start.
  public struct Options: Sendable {
    /// Spark's master: `local[*]` (all cores), `local[2]`, or `spark://host:port` for a cluster.
    public var master: String
    /// The heap of the server's JVM, for example `2g`.
    public var driverMemory: String
    /// More Spark settings.
    public var configuration: [String: String]
    /// How long the server may take to start.
    public var timeout: Duration
    /// The distribution to use; found by ``SparkInstallation/find(environment:)`` if `nil`.
    public var installation: SparkInstallation?
    /// Variables of the server's environment besides those of this process.
    package var variables: [String: String] = [:]

    public init(
      master: String = "local[*]", driverMemory: String = "2g",
      configuration: [String: String] = [:], timeout: Duration = .seconds(120),
      installation: SparkInstallation? = nil
    ) {
      self.master = master
      self.driverMemory = driverMemory
      self.configuration = configuration
      self.timeout = timeout
      self.installation = installation
    }
  }

  /// The server's connection string, token included.
  public let remote: String
  /// The server's log.
  public let logPath: String
  private let process: ChildProcess
  private let folder: String

  private init(remote: String, logPath: String, process: ChildProcess, folder: String) {
    self.remote = remote
    self.logPath = logPath
    self.process = process
    self.folder = folder
  }

  /// Starts a server and waits until it accepts connections.
  ///
  /// - Throws: ``NeedletailError`` if Spark or Java is missing, or the server does not start (with
  ///   the end of its log).
  public static func start(_ options: Options = Options()) async throws -> LocalSpark {
    let installation = try options.installation ?? SparkInstallation.find()
    let version = SparkInstallation.version(ofHome: installation.home).map { " \($0)" } ?? ""
    return try await Activity.during("starting Spark\(version) on this machine") {
      try await start(options, installation)
    }
  }

  private static func start(
    _ options: Options, _ installation: SparkInstallation
  ) async throws -> LocalSpark {
    let folder = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let kept = KeptLog.fromEnvironment()
    let log = kept?.path ?? folder + "/spark.log"
    let token = UUID().uuidString
    var configuration = [
      "spark.connect.grpc.binding.address": "127.0.0.1",
      "spark.connect.grpc.binding.port": "0",
      "spark.driver.host": "127.0.0.1",
      "spark.driver.bindAddress": "127.0.0.1",
      "spark.local.dir": folder,
      "spark.sql.warehouse.dir": folder + "/warehouse",
      "spark.ui.enabled": "false",
      Machine.setting: Machine.identity,
      "spark.ui.showConsoleProgress": "false",
    ]
    configuration.merge(options.configuration) { _, new in new }
    let log4j = folder + "/log4j2.properties"
    try logging(kept?.level ?? "warn").write(toFile: log4j, atomically: true, encoding: .utf8)
    // Spark's Python worker would read the settings of the Python that started us.
    var environment = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("PYSPARK_") && $0.key != "SPARK_REMOTE" && $0.key != "PYTHONPATH"
    }
    environment["SPARK_HOME"] = installation.home
    environment["JAVA_HOME"] = javaHome(installation.java)
    environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = token
    environment["PYSPARK_PYTHON"] = installation.python
    // Executors start in folders of their own, from which no environment is found by its place.
    environment["VIRTUAL_ENV"] = SparkInstallation.pythonEnvironments(environment).first
    if ProcessInfo.processInfo.environment["SPARK_LOCAL_IP"] == nil {
      environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    }
    environment.merge(options.variables) { $1 }
    let settings = configuration.sorted { $0.key < $1.key }.flatMap {
      ["--conf", "\($0.key)=\($0.value)"]
    }
    let process = try ChildProcess(
      [
        installation.home + "/bin/spark-submit",
        "--class", serverClass,
        "--master", options.master, "--driver-memory", options.driverMemory,
        "--driver-java-options", "-Dlog4j2.configurationFile=file:\(log4j)",
      ] + settings + ["spark-internal"],
      environment: environment, log: log)
    do {
      let port = try await waitForPort(
        process, of: installation, log: log, timeout: options.timeout)
      // PySpark's client sends a token in clear text to "localhost" only, so that name serves both.
      return LocalSpark(
        remote: "sc://localhost:\(port)/;token=\(token)", logPath: log, process: process,
        folder: folder)
    } catch {
      process.stop(grace: .seconds(2))
      try? FileManager.default.removeItem(atPath: folder)
      throw error
    }
  }

  /// Stops the server and removes its files.
  public func stop() {
    process.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// What goes to the log: `level` and worse, and the line in which the server tells its port.
  private static func logging(_ level: String) -> String {
    """
    rootLogger.level = \(level)
    rootLogger.appenderRef.stderr.ref = stderr
    appender.console.type = Console
    appender.console.name = stderr
    appender.console.target = SYSTEM_ERR
    appender.console.layout.type = PatternLayout
    appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
    logger.connect.name = org.apache.spark.sql.connect.service.SparkConnectServer
    logger.connect.level = info
    logger.service.name = org.apache.spark.sql.connect.service.SparkConnectService
    logger.service.level = info
    """
  }

  private static func javaHome(_ java: String) -> String {
    let resolved = URL(fileURLWithPath: java).resolvingSymlinksInPath()
    return resolved.deletingLastPathComponent().deletingLastPathComponent().path
  }

  private static let serverClass = "org.apache.spark.sql.connect.service.SparkConnectServer"

  private static func waitForPort(
    _ process: ChildProcess, of installation: SparkInstallation, log: String, timeout: Duration
  ) async throws -> Int {
    let deadline = ContinuousClock.now + timeout
    while ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(100))
      let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      if let port = port(in: text) { return port }
      if let status = process.poll() {
        if text.contains("Failed to load class \(serverClass)") {
          let version = SparkInstallation.version(ofHome: installation.home).map { " \($0)" } ?? ""
          throw NeedletailError(
            .localSpark,
            "the Spark\(version) at \(installation.home) comes without Spark Connect, which programs "
              + "speak with it; Spark 4.0 to 4.3 has it. Install one with `python3 -m venv .venv && "
              + ".venv/bin/pip install 'pyspark[connect]==4.3.0'`, or set SPARK_HOME to one, or name a "
              + "running server with --remote sc://host:port or SPARK_REMOTE")
        }
        throw NeedletailError(
          .localSpark,
          "the local Spark ended while it started (exit status \(status)); the end of its log:\n"
            + tail(text))
      }
    }
    let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    throw NeedletailError(
      .localSpark,
      "the local Spark was not ready within \(timeout); the end of its log:\n" + tail(text))
  }

  /// The port in the line "Spark Connect server started at: ...:PORT".
  static func port(in log: String) -> Int? {
    guard let found = log.firstRange(of: "Spark Connect server started at: ") else { return nil }
    let rest = log[found.upperBound...]
    guard let end = rest.firstIndex(of: "\n"),
      let colon = rest[..<end].lastIndex(of: ":")
    else { return nil }
    return Int(rest[rest.index(after: colon)..<end].filter(\.isNumber))
  }

  private static func tail(_ text: String, lines: Int = 15) -> String {
    text.split(separator: "\n").suffix(lines).map { "  " + $0 }.joined(separator: "\n")
  }
}
