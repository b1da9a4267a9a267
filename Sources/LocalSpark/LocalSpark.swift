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
    let log = SparkLog(path: kept?.path ?? folder + "/spark.log")
    let token = UUID().uuidString
    var configuration = ConnectServer.settings(port: 0, folder: folder)
    configuration["spark.ui.enabled"] = "false"
    configuration.merge(options.configuration) { _, new in new }
    let logging = folder + "/log4j2.properties"
    try SparkLog.settings(kept?.level ?? "warn", telling: ConnectServer.telling)
      .write(toFile: logging, atomically: true, encoding: .utf8)
    var environment = SparkEnvironment.variables(of: installation)
    environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = token
    environment.merge(options.variables) { $1 }
    let settings = configuration.sorted { $0.key < $1.key }.flatMap {
      ["--conf", "\($0.key)=\($0.value)"]
    }
    let process = try ChildProcess(
      ConnectServer.words(
        installation, master: options.master, memory: options.driverMemory, logging: logging,
        options: settings), environment: environment, log: log.path)
    do {
      let port = try await waitForPort(
        process, of: installation, log: log, timeout: options.timeout)
      return LocalSpark(
        remote: ConnectServer.remote(port: port, token: token), logPath: log.path,
        process: process, folder: folder)
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

  private static func waitForPort(
    _ process: ChildProcess, of installation: SparkInstallation, log: SparkLog, timeout: Duration
  ) async throws -> Int {
    let deadline = ContinuousClock.now + timeout
    while ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(100))
      let text = log.text
      if let port = SparkLog.port(in: text) { return port }
      if let status = process.poll() {
        if ConnectServer.isMissing(in: text) { throw ConnectServer.isMissing(installation) }
        throw NeedletailError(
          .localSpark,
          "the local Spark ended while it started (exit status \(status)); the end of its log:\n"
            + SparkLog.tail(text))
      }
    }
    throw NeedletailError(
      .localSpark,
      "the local Spark was not ready within \(timeout); the end of its log:\n"
        + SparkLog.tail(log.text))
  }
}
