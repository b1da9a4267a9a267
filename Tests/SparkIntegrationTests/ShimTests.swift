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
      (RefusingProxy.Mode.refuse, "the server does not let the session choose its worker program"),
      (.ignore, "whatever the session sets"),
    ])
  func refused(_ mode: RefusingProxy.Mode, _ reason: String) async throws {
    let proxy = try RefusingProxy(before: try await TestClusters.shared.server(.local), mode)
    // It ends when it is released, which must not be before the last program.
    defer { withExtendedLifetime(proxy) {} }
    let outcome = try await Programs.run(
      "IntegrationProgram", ["columns", "--remote", proxy.remote],
      isInstalled: true)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("execution mode shim"), "\(outcome.output)")
    #expect(outcome.output.contains(reason), "\(outcome.output)")

    let doctor = try await Programs.run(
      "needletail", ["doctor", "--remote", proxy.remote], isInstalled: true)
    #expect(doctor.status == 0, "\(doctor.output)")
    // What is warned of is where the server has shown that it keeps its Python.
    for line in [
      mode == .refuse ? "warn  Settings: the server refuses" : "ok    Settings: the session may",
      mode == .refuse ? "ok    Worker: " : "warn  Worker: ", "ok    Executors: ",
      "ok    Folders on executors: ", "Round trip: 10000 rows", "(execution mode shim)",
    ] {
      #expect(doctor.output.contains(line), "\(line): \(doctor.output)")
    }
    #expect(!doctor.output.contains("\nskip  "), "\(doctor.output)")

    let direct = try await Programs.run(
      "IntegrationProgram", ["columns", "--remote", proxy.remote],
      isInstalled: true, environment: ["NEEDLETAIL_EXECUTION_MODE": "direct"])
    #expect(direct.status != 0, "\(direct.output)")
  }
}
