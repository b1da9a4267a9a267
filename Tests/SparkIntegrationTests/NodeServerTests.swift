import Foundation
import Testing

/// Servers beside executors on real Sparks: what they give, and what is left when processes are killed.
@Suite(.serialized)
struct NodeServerTests {
  @Test(
    "servers of this program", arguments: TestClusters.Kind.allCases,
    ["servers", "server-killed", "server-hangs", "driver-killed"])
  func own(_ cluster: TestClusters.Kind, _ scenario: String) async throws {
    try await run(scenario, on: cluster)
  }

  @Test("an executor is killed")
  func executorKilled() async throws { try await run("executor-killed", on: .standalone) }

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
    let remote = try await TestClusters.shared.remote(cluster)
    let outcome = try await Programs.run(
      "IntegrationProgram",
      [scenario, "--remote", remote, "--folder", Programs.quickStart] + arguments)
    #expect(outcome.status == 0, "\(outcome.output)")
  }
}
