import FoundationEssentials

/// The server of Spark that a command line asks for.
enum SparkServer {
  /// What `--remote` says, else `SPARK_REMOTE`; `nil` if neither names a server.
  static func named(_ remote: String?) -> String? {
    let server = remote ?? ProcessInfo.processInfo.environment["SPARK_REMOTE"] ?? ""
    return server.isEmpty ? nil : server
  }

  /// Whether a Spark is started on this machine, where one is needed.
  static func isStartedHere(_ remote: String?) -> Bool { named(remote) == nil }
}
