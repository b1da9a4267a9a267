import Foundation
import Testing

/// `needletail doctor` as people run it.
@Suite(.timeLimit(.minutes(5)))
struct DoctorTests {
  /// What programs read of the command's JSON.
  private struct Report: Decodable {
    struct Entry: Decodable {
      var key: String
      var name: String
      var status: String
      var finding: String
      var remedy: String?
      var facts: [String: String]
    }

    var version: String
    var scope: String
    var server: String?
    var ok: Bool
    var checks: [Entry]
  }

  private static func report(_ outcome: Command.Outcome) throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  @Test("this machine, which has no Java for it")
  func here() async throws {
    let command = try Command()
    defer { command.remove() }
    let outcome = try await command.run(["doctor", "--json"])
    let report = try Self.report(outcome)
    #expect(
      report.checks.map(\.key) == [
        "program", "capacity", "temporary-folder", "java", "spark", "onnxruntime", "tensorflow",
        "torch", "files-plugin", "turbojpeg", "libpng", "zstd", "lz4", "gpu",
      ])
    #expect(report.scope == "local" && report.server == nil)
    #expect(outcome.status == (report.ok ? 0 : 1))
    #expect(report.ok == report.checks.allSatisfy { $0.status != "fail" })
    #expect(report.checks.first?.facts["version"] == report.version)
    let java = try #require(report.checks.first { $0.key == "java" })
    #expect(java.status == "warn" && java.remedy?.contains("apt-get install") == true)

    let text = try await command.run(["doctor"])
    #expect(text.status == outcome.status)
    let lines = text.output.split(separator: "\n").map(String.init)
    #expect(lines.first?.hasPrefix("ok    Program: needletail \(report.version)") == true)
    #expect(lines.last?.hasPrefix("\(report.checks.count { $0.status == "ok" }) ok") == true)
    let words = ["ok    ", "warn  ", "fail  ", "      "]
    #expect(lines.dropLast().allSatisfy { line in words.contains { line.hasPrefix($0) } })
  }

  @Test("a folder of temporary files that is not there")
  func noFolder() async throws {
    let command = try Command()
    defer { command.remove() }
    let outcome = try await command.run(["doctor"], ["TMPDIR": "/nonexistent"])
    #expect(outcome.status == 1)
    #expect(
      outcome.output.contains(
        """
        fail  Temporary folder: /nonexistent cannot be written: No such file or directory
              Name a folder on another disk: export TMPDIR=/path/of/a/folder

        """), "\(outcome.output)")
  }

  @Test("a server that is not there")
  func nobody() async throws {
    let command = try Command()
    defer { command.remove() }
    // No server listens on that port.
    let outcome = try await command.run([
      "doctor", "--json", "--remote", "sc://127.0.0.1:1/;token=hidden",
    ])
    #expect(outcome.status == 1 && outcome.complaint == "", "\(outcome.complaint)")
    let report = try Self.report(outcome)
    #expect(report.scope == "remote" && report.server == "127.0.0.1:1" && !report.ok)
    #expect(
      report.checks.map(\.key) == [
        "program", "address", "name", "tcp", "tls", "grpc", "version", "settings", "artifacts",
        "worker", "executors", "executor-folders", "executor-onnxruntime", "executor-tensorflow",
        "executor-torch", "executor-gpus", "round-trip",
      ])
    #expect(report.checks.prefix(4).map(\.status) == ["ok", "ok", "ok", "fail"])
    #expect(report.checks[3].remedy?.contains("sbin/start-connect-server.sh") == true)
    let rest = report.checks.dropFirst(4)
    #expect(rest.allSatisfy { $0.status == "skip" && $0.finding == "needs TCP connection" })
    #expect(!outcome.output.contains("hidden"))
  }

  @Test("an address that is none")
  func noAddress() async throws {
    let command = try Command()
    defer { command.remove() }
    let outcome = try await command.run(["doctor", "--remote", "spark:15002"])
    #expect(outcome.status == 1)
    #expect(
      outcome.output.contains("fail  Address: the connection string 'spark:15002' is wrong"),
      "\(outcome.output)")
    #expect(outcome.output.contains("skip  Round trip: needs Address\n"))
  }
}
