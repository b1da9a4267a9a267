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

  /// Makes sure that Spark can be started here, unless a server is named.
  ///
  /// - Throws: what of Spark and Java is missing.
  static func check(_ remote: String?) throws {
    var complaints = Complaints()
    complaints.noteLocalSpark(remote: remote)
    try complaints.check()
  }
}
