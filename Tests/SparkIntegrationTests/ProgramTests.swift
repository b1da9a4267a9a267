import Foundation
import Needletail
import Testing

/// Programs with functions of their own, on real Sparks.
@Suite(.serialized)
struct ProgramTests {
  /// Scenarios that tell nothing of how a program comes to its executors: there it is installed, which
  /// saves most of their time.
  private static let installed: Set = [
    "batches", "errors", "checks", "cancel", "predicting", "semantics", "types", "models",
  ]

  @Test(
    "a program's functions", arguments: TestClusters.Kind.allCases,
    [
      "columns", "batches", "errors", "checks", "cancel", "crash", "trap-then-next",
      "worker-killed", "innocent", "sessions", "predicting", "semantics", "resources", "once",
      "types", "models", "scan",
    ])
  func scenario(_ cluster: TestClusters.Kind, _ name: String) async throws {
    let outcome = try await Programs.run(
      "IntegrationProgram",
      [
        name, "--remote", try await TestClusters.shared.remote(cluster), "--folder",
        Programs.quickStart,
      ],
      isInstalled: Self.installed.contains(name))
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test(
    "a Python function in another session of the same server", arguments: TestClusters.Kind.allCases
  )
  func besidePython(_ cluster: TestClusters.Kind) async throws {
    let remote = try await TestClusters.shared.remote(cluster)
    let script = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "python_function.py").path
    async let python = Programs.run(try Programs.python, [script, remote])
    async let swift = Programs.run("IntegrationProgram", ["columns", "--remote", remote])
    let outcomes = try await [python, swift]
    for outcome in outcomes { #expect(outcome.status == 0, "\(outcome.output)") }
    #expect(outcomes[0].output.contains("python 499500"), "\(outcomes[0].output)")
  }

  @Test("one process computes all tasks of a session on an executor")
  func oneProcess() async throws {
    let remote = try await TestClusters.shared.remote(.local)
    let first = try await Programs.run("IntegrationProgram", ["pid", "--remote", remote])
    #expect(first.status == 0, "\(first.output)")
    // A line before may tell which execution mode was chosen.
    let processes = first.output.split(separator: "\n").last?.split(separator: " ")
    #expect(processes?.count == 1, "\(first.output)")
  }

  @Test(
    "a program that was built again between two sessions", arguments: TestClusters.Kind.allCases)
  func rebuilt(_ cluster: TestClusters.Kind) async throws {
    let remote = try await TestClusters.shared.remote(cluster)
    let first = try await Programs.run("IntegrationProgram", ["columns", "--remote", remote])
    #expect(first.status == 0, "\(first.output)")

    // Another build: the same program with other bytes behind its segments would have the same build
    // id, so the id itself is changed.
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var image = try Data(contentsOf: Programs.built.appending(path: "IntegrationProgram"))
    let note = Data([4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0]) + Data("GNU\0".utf8)
    let found = try #require(image.range(of: note))
    image[found.upperBound] ^= 0xFF
    let program = folder.appending(path: "IntegrationProgram")
    try image.write(to: program)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    let second = try await Programs.run(program, ["columns", "--remote", remote])
    #expect(second.status == 0, "\(second.output)")
  }

  @Test("the quick start is as accurate as PyTorch, and leaves nothing running")
  func quickStartProgram() async throws {
    let outcome = try await Programs.run("QuickStart", [], in: Programs.quickStart)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("accuracy 97.94 % (1760 of 1797 images)"), "\(outcome.output)")
  }
}
