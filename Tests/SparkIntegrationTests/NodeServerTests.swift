import Foundation
import Needletail
import Testing

/// Servers beside executors on real Sparks: what they give, and what is left when processes are killed.
@Suite(.serialized)
struct NodeServerTests {
  @Test("servers of this program", arguments: TestClusters.Kind.allCases)
  func own(_ cluster: TestClusters.Kind) async throws { try await run("servers", on: cluster) }

  @Test(
    "processes that are killed or hang",
    arguments: ["server-killed", "server-hangs", "executor-killed", "driver-killed"])
  func killed(_ scenario: String) async throws { try await run(scenario, on: .standalone) }

  @Test("a server is killed where a task is tried once only")
  func killedOnce() async throws {
    let spark = try await LocalSpark.start(.init(master: "local[2]", driverMemory: "1g"))
    defer { spark.stop() }
    try await run("server-killed", at: spark.remote)
  }

  @Test("servers get the GPU that Spark assigns")
  func gpu() async throws {
    let script = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let addresses = #"{"name": "gpu", "addresses": ["7"]}"#
    try Data("#!/bin/sh\necho '\(addresses)'\n".utf8).write(to: script)
    defer { try? FileManager.default.removeItem(at: script) }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
    // A master, a worker and an executor of two cores, each a process.
    let spark = try await LocalSpark.start(
      .init(
        master: "local-cluster[1,2,600]", driverMemory: "1g",
        configuration: [
          "spark.executor.memory": "512m", "spark.executor.resource.gpu.amount": "1",
          "spark.task.resource.gpu.amount": "0.5", "spark.worker.resource.gpu.amount": "1",
          "spark.worker.resource.gpu.discoveryScript": script.path,
        ]))
    defer { spark.stop() }
    try await run("gpu", at: spark.remote)
  }

  @Test(
    "servers of the real Triton", .enabled(if: peers != nil, "\(advice)"),
    arguments: [
      (TestClusters.Kind.local, "triton"), (.standalone, "triton"), (.standalone, "pytriton"),
      (.standalone, "port-taken"), (.standalone, "node-fails"), (.local, "start-hangs"),
    ])
  func triton(_ cluster: TestClusters.Kind, _ scenario: String) async throws {
    let folder = Programs.root.appending(path: "Tests/Triton").path
    try await run(
      scenario, on: cluster, ["--python", try #require(Self.peers), "--triton", folder])
  }

  private static let peers: String? = {
    let path = ProcessInfo.processInfo.environment["NEEDLETAIL_PEERS"] ?? ""
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  private static let advice =
    "NEEDLETAIL_PEERS does not name the Python with nvidia-pytriton, which scripts/test installs"

  private func run(
    _ scenario: String, on cluster: TestClusters.Kind, _ arguments: [String] = []
  ) async throws {
    try await run(scenario, at: try await TestClusters.shared.remote(cluster), arguments)
  }

  private func run(
    _ scenario: String, at remote: String, _ arguments: [String] = []
  ) async throws {
    let outcome = try await Programs.run(
      "IntegrationProgram",
      [scenario, "--remote", remote, "--folder", Programs.quickStart] + arguments)
    #expect(outcome.status == 0, "\(outcome.output)")
  }
}
