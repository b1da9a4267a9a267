import FoundationEssentials

/// The variables of processes of a Spark on this machine.
enum SparkEnvironment {
  /// Those of this process, without what is meant for another Spark, and with what `installation` needs.
  static func variables(of installation: SparkInstallation) -> [String: String] {
    let own = ProcessInfo.processInfo.environment
    // Spark's Python worker would read the settings of the Python that started us, and a server of Spark
    // Connect takes the memory of daemons before its own.
    var environment = own.filter {
      !$0.key.hasPrefix("PYSPARK_")
        && !["SPARK_REMOTE", "PYTHONPATH", "SPARK_DAEMON_MEMORY"].contains($0.key)
    }
    environment["SPARK_HOME"] = installation.home
    environment["JAVA_HOME"] = javaHome(installation.java)
    environment["PYSPARK_PYTHON"] = installation.python
    // Executors start in folders of their own, from which no environment is found by its place.
    environment["VIRTUAL_ENV"] = SparkInstallation.pythonEnvironments(environment).first
    if own["SPARK_LOCAL_IP"] == nil { environment["SPARK_LOCAL_IP"] = "127.0.0.1" }
    return environment
  }

  private static func javaHome(_ java: String) -> String {
    let resolved = URL(fileURLWithPath: java).resolvingSymlinksInPath()
    return resolved.deletingLastPathComponent().deletingLastPathComponent().path
  }
}
