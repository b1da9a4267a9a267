import Foundation
import Needletail
import Testing

/// Programs whose batches Spark's own Python passes on, on real Sparks.
@Suite(.serialized)
struct ShimTests {
  private static let shim = ["NEEDLETAIL_EXECUTION_MODE": "shim"]

  /// Executors of their own differ in how the program comes to them and ends.
  private static let scenarios: [(TestClusters.Kind, String)] =
    ["columns", "batches", "errors", "cancel", "predicting"].map { (.local, $0) }
    + ["columns", "cancel"].map { (.standalone, $0) }

  @Test("a program's functions", arguments: scenarios)
  func scenario(_ cluster: TestClusters.Kind, _ name: String) async throws {
    let outcome = try await Programs.run(
      "IntegrationProgram",
      [
        name, "--remote", try await TestClusters.shared.remote(cluster), "--folder",
        Programs.quickStart,
      ],
      isInstalled: name != "columns", environment: Self.shim)
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test("one process computes all tasks of a session on an executor")
  func oneProcess() async throws {
    let outcome = try await Programs.run(
      "IntegrationProgram", ["pid", "--remote", try await TestClusters.shared.remote(.local)],
      environment: Self.shim)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.split(separator: " ").count == 1, "\(outcome.output)")
  }

  @Test(
    "a server that keeps its Python to itself",
    arguments: [
      ("refuse", "the server does not let the session choose its worker program"),
      ("ignore", "whatever the session sets"),
    ])
  func refused(_ mode: String, _ reason: String) async throws {
    let proxy = Process()
    let script = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "refusing_proxy.py").path
    // `sc://localhost:PORT/;token=...`
    let remote = try await TestClusters.shared.remote(.local)
    let server = remote.dropFirst("sc://".count).prefix { $0 != "/" }
    let parameters = remote.drop { $0 != ";" }
    proxy.executableURL = try Programs.python
    proxy.arguments = [script, String(server), mode]
    let input = Pipe()
    let output = Pipe()
    proxy.standardInput = input
    proxy.standardOutput = output
    proxy.standardError = FileHandle.nullDevice
    try proxy.run()
    defer { try? input.fileHandleForWriting.close() }
    var port = Data()
    while port.last != UInt8(ascii: "\n"),
      let byte = try output.fileHandleForReading.read(upToCount: 1)
    {
      port += byte
    }
    let number = String(decoding: port.dropLast(), as: UTF8.self)
    let address = "sc://localhost:\(number)/\(parameters)"
    let outcome = try await Programs.run(
      "IntegrationProgram", ["columns", "--remote", address],
      isInstalled: true)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("execution mode shim"), "\(outcome.output)")
    #expect(outcome.output.contains(reason), "\(outcome.output)")

    let direct = try await Programs.run(
      "IntegrationProgram", ["columns", "--remote", address],
      isInstalled: true, environment: ["NEEDLETAIL_EXECUTION_MODE": "direct"])
    #expect(direct.status != 0, "\(direct.output)")
  }
}
