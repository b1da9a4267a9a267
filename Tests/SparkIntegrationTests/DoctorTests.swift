import Foundation
import Testing

/// `needletail doctor` on real servers.
@Suite(.serialized)
struct DoctorTests {
  /// What was found, by the names of the checks.
  private static func findings(_ outcome: Programs.Outcome) -> [String: String] {
    let lines = outcome.output.split(separator: "\n").filter { !$0.hasPrefix("      ") }
    return Dictionary(
      lines.compactMap { line -> (String, String)? in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (String(line[..<colon].dropFirst(6)), String(line))
      }
    ) { first, _ in first }
  }

  @Test("a healthy server", arguments: TestClusters.Kind.allCases)
  func healthy(_ cluster: TestClusters.Kind) async throws {
    // To the executors of one the program is sent, on the others it is installed.
    let outcome = try await Programs.run(
      "needletail", ["doctor", "--remote", try await TestClusters.shared.remote(cluster)],
      isInstalled: cluster == .standalone)
    #expect(outcome.status == 0, "\(outcome.output)")
    let findings = Self.findings(outcome)
    for name in [
      "Address", "Name lookup", "TCP connection", "TLS", "Spark Connect", "Spark's version",
      "Settings", "Artifacts", "Worker", "Executors", "Folders on executors", "Round trip",
    ] {
      let isRefused = TestClusters.isRefusing && name == "Settings"
      let word = isRefused ? "warn  " : "ok    "
      #expect(findings[name]?.hasPrefix(word) == true, "\(name): \(outcome.output)")
    }
    #expect(findings["Worker"]?.contains("on 1 host") == true, "\(outcome.output)")
    #expect(findings["Executors"]?.contains("glibc 2.") == true, "\(outcome.output)")
  }

  @Test("a wrong token")
  func wrongToken() async throws {
    let remote = try await TestClusters.shared.remote(.local)
    let stranger = remote.prefix { $0 != ";" } + ";token=wrong"
    let outcome = try await Programs.run("needletail", ["doctor", "--remote", String(stranger)])
    #expect(outcome.status == 1)
    let findings = Self.findings(outcome)
    #expect(findings["Spark Connect"]?.hasPrefix("fail  ") == true, "\(outcome.output)")
    #expect(findings["Worker"] == "skip  Worker: needs Spark Connect", "\(outcome.output)")
    #expect(outcome.output.contains("SPARK_CONNECT_AUTHENTICATE_TOKEN"), "\(outcome.output)")
  }
}
