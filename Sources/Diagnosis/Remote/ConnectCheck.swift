import SparkConnect

/// The first request to Spark Connect.
struct ConnectCheck: Check {
  static let key = "grpc"

  let key: String = Self.key
  let name = "Spark Connect"
  let needs: [String] = [TLSCheck.key]
  let remedy =
    "Ask the operator: 'Does a Spark Connect server of Spark 4 answer at this address, and what do its log "
    + "and the proxy's say to my request?'"
  let server: any ServerAccess

  func run() async throws -> Finding {
    do {
      try await server.open()
      return .ok("a session is open")
    } catch let error as SparkError {
      if let session = (try? server.target())?.cloudSession {
        return .fail(
          "\(error)",
          remedy:
            "See that \(session) runs and that your account may use it, and do what the message "
            + "says; docs/Access.md tells more")
      }
      return .fail("\(error)", remedy: Self.remedy(for: error))
    }
  }

  /// What to do by the kind of error, or by the status of HTTP that a proxy has answered.
  static func remedy(for error: SparkError) -> String? {
    if error.kind == .unauthenticated {
      return "Give the right token: --remote 'sc://HOST:PORT/;token=TOKEN', or export "
        + "SPARK_CONNECT_AUTHENTICATE_TOKEN=TOKEN; tokens of clouds expire, mostly within an hour"
    }
    if error.message.contains("PySpark version") {
      return
        "The server is Sail, which tells the version of the PySpark that is beside it, and not each. "
        + "Ask the operator: 'Please install pyspark-client 4.1 into Sail's Python environment'. Tables "
        + "and SQL work there then; functions and predictions need a Spark \(SparkVersion.supported)"
    }
    switch httpStatus(in: error.message) {
    case 401?:
      return "A proxy before the server wants another token: give it as token=TOKEN in the address"
    case 403?:
      return
        "A proxy before the server does not let you pass. Ask the operator: 'May I use this server?'"
    case 404?:
      return "There is no gRPC at this address: a cloud's server may need a header in it, such as "
        + ";x-databricks-cluster-id=ID"
    case 413?: return ArtifactsCheck.proxyRemedy
    case 429?: return "The server has too many requests; try again in a minute"
    case 502?, 503?, 504?:
      return
        "The proxy does not reach Spark Connect behind it. Ask the operator: 'Does the server run, "
        + "and does the proxy speak HTTP/2 without TLS to it (nginx: grpc_pass)?'"
    default: return nil
    }
  }

  /// The status in texts such as `Received http2 header with status: 413`.
  static func httpStatus(in text: String) -> Int? {
    let match = text.firstMatch(of: /(?i)status[^0-9]{0,12}([1-5][0-9]{2})\b/)
    return match.flatMap { Int($0.output.1) }
  }
}

/// The version of the server.
struct SparkVersionCheck: Check {
  static let key = "version"

  let key: String = Self.key
  let name = "Spark's version"
  let needs: [String] = [ConnectCheck.key]
  let remedy =
    "Ask the operator: 'Please give me a Spark \(SparkVersion.supported)' (Databricks: runtime 17 or later; "
    + "Dataproc: runtime 3.0 or later)"
  let server: any ServerAccess

  func run() async throws -> Finding {
    let text = try server.version()
    var facts = ["version": text]
    if let engine = try await server.otherEngine() {
      facts["engine"] = engine.catalog
      facts["engineVersion"] = engine.version
      return .fail(
        "the server is not Spark but another engine that speaks Spark Connect (\(engine)), though it "
          + "calls itself \(text): tables and SQL work there, functions and predictions do not",
        remedy:
          "Name a Spark \(SparkVersion.supported) with --remote sc://host:port, or predict on this "
          + "machine without a server: needletail predict without --remote and SPARK_REMOTE", facts)
    }
    guard let version = SparkVersion(text) else {
      return .warn(
        "the server calls it '\(text)'; this program knows Spark \(SparkVersion.supported)", facts)
    }
    switch version.support {
    case .tooOld:
      return .fail(
        "\(text) is too old: its workers speak another protocol, so that tables and SQL work there, "
          + "functions and predictions do not. Spark \(SparkVersion.supported) is supported", facts)
    case .newer:
      return .warn(
        "\(text) is newer than this program, which knows Spark \(SparkVersion.supported)",
        remedy: "Look for a newer version of this program if a later step fails", facts)
    case .supported: return .ok(text, facts)
    }
  }
}
