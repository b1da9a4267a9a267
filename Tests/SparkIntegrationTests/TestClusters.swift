import Foundation
import Needletail
import Testing

/// The Sparks that the tests run on, each started when a test first asks for it and ended with the
/// test process.
actor TestClusters {
  enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// A Connect server with two slots in its own process.
    case local
    /// A Connect server over a standalone master and two workers on this machine.
    case standalone

    var testDescription: String { rawValue }
  }

  static let shared = TestClusters()
  private var running: [Kind: Task<LocalSpark, any Error>] = [:]
  private var proxies: [Kind: RefusingProxy] = [:]
  private var processes: [ChildProcess] = []

  /// Whether all tests run as on a server that keeps its Python to itself (`scripts/compatibility --shim`).
  static let isRefusing =
    ProcessInfo.processInfo.environment["NEEDLETAIL_TEST_CLUSTERS"] == "refusing"

  /// The connection string that tests use.
  func remote(_ kind: Kind) async throws -> String {
    let server = try await server(kind)
    guard Self.isRefusing else { return server }
    let proxy = try proxies[kind] ?? RefusingProxy(before: server, .refuse)
    proxies[kind] = proxy
    return proxy.remote
  }

  /// The connection string of a running server.
  func server(_ kind: Kind) async throws -> String {
    let task = running[kind] ?? Task { try await start(kind) }
    running[kind] = task
    return try await task.value.remote
  }

  private func start(_ kind: Kind) async throws -> LocalSpark {
    switch kind {
    // Two slots; a task is tried four times, as on a cluster.
    case .local: return try await LocalSpark.start(.init(master: "local[2,4]", driverMemory: "1g"))
    case .standalone:
      let master = try await startStandalone()
      return try await LocalSpark.start(
        .init(
          master: master, driverMemory: "1g",
          configuration: ["spark.executor.memory": "512m", "spark.cores.max": "2"]))
    }
  }

  private func startStandalone() async throws -> String {
    let port = Int.random(in: 20_000..<40_000)
    let address = "spark://127.0.0.1:\(port)"
    let host = ["--host", "127.0.0.1"]
    try launch("Master", host + ["--port", "\(port)", "--webui-port", "0"])
    for _ in 0..<2 {
      try launch(
        "Worker",
        host + ["--cores", "1", "--memory", "600m", "--webui-port", "0"] + [address])
    }
    return address
  }

  /// Starts a process of Spark that ends with this one.
  private func launch(_ role: String, _ arguments: [String]) throws {
    let installation = try SparkInstallation.find()
    // What executors unpack stays there, some gigabytes; scripts/test removes it.
    let work =
      FileManager.default.temporaryDirectory.path + "/needletail-standalone-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    var environment = ProcessInfo.processInfo.environment
    environment["SPARK_HOME"] = installation.home
    environment["SPARK_WORKER_DIR"] = work
    environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    environment["SPARK_DAEMON_MEMORY"] = "256m"
    processes.append(
      try ChildProcess(
        [
          installation.home + "/bin/spark-class",
          "org.apache.spark.deploy.\(role.lowercased()).\(role)",
        ] + arguments, environment: environment, log: work + "/log"))
  }
}
