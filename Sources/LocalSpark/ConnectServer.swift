import HostProcesses
import NativeLibraries
import Texts

/// How Spark Connect's server is started on this machine.
enum ConnectServer {
  /// What its log tells beside what is wrong, by the names of classes.
  static let telling = [
    "sql.connect.service.SparkConnectServer", "sql.connect.service.SparkConnectService",
  ]

  private static let serverClass = "org.apache.spark.sql.connect.service.SparkConnectServer"

  /// The settings that keep it to this machine, and its files to `folder`.
  static func settings(port: Int, folder: String) -> [String: String] {
    [
      "spark.connect.grpc.binding.address": "127.0.0.1",
      "spark.connect.grpc.binding.port": "\(port)",
      "spark.driver.host": "127.0.0.1",
      "spark.driver.bindAddress": "127.0.0.1",
      "spark.local.dir": folder,
      "spark.sql.warehouse.dir": folder + "/warehouse",
      Machine.setting: Machine.identity,
      "spark.ui.showConsoleProgress": "false",
    ]
  }

  /// The words that start it.
  ///
  /// - Parameters:
  ///   - memory: the heap of its JVM, for example `2g`.
  ///   - logging: the file with the settings of its logging.
  ///   - options: further options of `spark-submit`.
  ///   - properties: further properties of its JVM, by name.
  static func words(
    _ installation: SparkInstallation, master: String, memory: String, logging: String,
    options: [String], properties: [String: String] = [:]
  ) -> [String] {
    [
      installation.home + "/bin/spark-submit",
      "--class", serverClass,
      "--master", master, "--driver-memory", memory,
      "--driver-java-options",
      (["-Dlog4j2.configurationFile=file:\(logging)"] + properties.map { "\"-D\($0)=\($1)\"" })
        .joined(separator: " "),
    ] + options + ["spark-internal"]
  }

  /// The address of the server for clients on this machine.
  static func remote(port: Int, token: String?) -> String {
    // PySpark's client sends a token in clear text to "localhost" only, so that name serves both.
    // A token that somebody chose may have a character that ends it there, or in a shell.
    "sc://localhost:\(port)"
      + (token.map {
        "/;token=" + $0.percentEncoded { $0.isLetterOrDigit || "-._~".utf8.contains($0) }
      } ?? "")
  }

  /// - Throws: ``NeedletailError`` if the installation comes without the server.
  static func check(_ installation: SparkInstallation) throws {
    let jars = FileSystem.entries(of: installation.home + "/jars")
    if !jars.contains(where: { $0.hasPrefix("spark-connect_") }) { throw isMissing(installation) }
  }

  /// Whether that is why a server has not started, as its log tells.
  static func isMissing(in log: String) -> Bool {
    log.contains("Failed to load class \(serverClass)")
  }

  static func isMissing(_ installation: SparkInstallation) -> NeedletailError {
    let version = SparkInstallation.version(ofHome: installation.home).map { " \($0)" } ?? ""
    return NeedletailError(
      .localSpark,
      "the Spark\(version) at \(installation.home) comes without Spark Connect, which programs "
        + "speak with it; Spark 4.0 to 4.3 has it. Install one with `python3 -m venv .venv && "
        + ".venv/bin/pip install 'pyspark[connect]==4.3.0'`, or set SPARK_HOME to one, or name a "
        + "running server with --remote sc://host:port or SPARK_REMOTE")
  }
}
