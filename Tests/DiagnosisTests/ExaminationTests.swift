import Synchronization
import Testing

@testable import Diagnosis

/// The order of checks, what depends on what, and how the findings are told.
struct ExaminationTests {
  struct FakeCheck: Check {
    var key: String
    var name: String { "Check \(key)" }
    var needs: [String] = []
    var remedy: String { "mend \(key)" }
    var finding: Finding? = .ok("fine")

    struct Broken: Error, CustomStringConvertible {
      var description: String { "it\nbroke" }
    }

    func run() async throws -> Finding {
      guard let finding else { throw Broken() }
      return finding
    }
  }

  private static func report(_ checks: [FakeCheck]) async throws -> ExaminationReport {
    try await Examination(version: "1.2.3", scope: .local, checks: checks).run()
  }

  @Test("a step is left out if one that it needs failed or was left out")
  func skipping() async throws {
    let report = try await Self.report([
      FakeCheck(key: "a", finding: .warn("slow")), FakeCheck(key: "b", needs: ["a"]),
      FakeCheck(key: "c", needs: ["b"], finding: nil), FakeCheck(key: "d", needs: ["c"]),
      FakeCheck(key: "e", needs: ["d"]), FakeCheck(key: "f", needs: ["a"]),
    ])
    #expect(report.checks.map(\.status) == [.warn, .ok, .fail, .skip, .skip, .ok])
    #expect(report.checks[3].finding == "needs Check c")
    // The first cause, not the last link of the chain.
    #expect(report.checks[4].finding == "needs Check c")
    #expect(!report.isHealthy)
    #expect(report.summary == "2 ok, 1 warning, 1 failed, 2 skipped")
  }

  @Test("warnings alone are healthy")
  func healthy() async throws {
    let report = try await Self.report([
      FakeCheck(key: "a", finding: .warn("slow")), FakeCheck(key: "b"),
    ])
    #expect(report.isHealthy)
    #expect(report.summary == "1 ok, 1 warning")
  }

  @Test("each finding is a line, and what to do another one")
  func text() async throws {
    let report = try await Self.report([
      FakeCheck(key: "a"), FakeCheck(key: "b", finding: nil),
      FakeCheck(key: "c", finding: .warn("old", remedy: "  renew\n  it ")),
      FakeCheck(key: "d", needs: ["b"]),
    ])
    #expect(
      report.checks.map(\.text) == [
        "ok    Check a: fine", "fail  Check b: it broke\n      mend b",
        "warn  Check c: old\n      renew it", "skip  Check d: needs Check b",
      ])
  }

  @Test("JSON has the same keys whatever was found")
  func json() async throws {
    let report = try await Self.report([
      FakeCheck(key: "a", finding: .ok("fine", ["version": "7"])),
      FakeCheck(key: "b", finding: .fail("bad", ["path": "/b"])),
    ])
    let json = try report.json()
    #expect(
      json == """
        {
          "checks" : [
            {
              "facts" : {
                "version" : "7"
              },
              "finding" : "fine",
              "key" : "a",
              "name" : "Check a",
              "remedy" : null,
              "status" : "ok"
            },
            {
              "facts" : {
                "path" : "/b"
              },
              "finding" : "bad",
              "key" : "b",
              "name" : "Check b",
              "remedy" : "mend b",
              "status" : "fail"
            }
          ],
          "ok" : false,
          "scope" : "local",
          "server" : null,
          "version" : "1.2.3"
        }
        """)
  }

  @Test("findings are told as they come, and the end is the end")
  func order() async throws {
    let events = Mutex<[String]>([])
    let examination = Examination(
      version: "", scope: .remote, checks: [FakeCheck(key: "a"), FakeCheck(key: "b")],
      end: { events.withLock { $0.append("end") } })
    _ = try await examination.run { entry in events.withLock { $0.append(entry.key) } }
    #expect(events.withLock { $0 } == ["a", "b", "end"])
  }

  @Test("a cancelled one ends too")
  func cancelled() async throws {
    let events = Mutex<[String]>([])
    let examination = Examination(
      version: "", scope: .remote, checks: [FakeCheck(key: "a")],
      end: { events.withLock { $0.append("end") } })
    let work = Task {
      try? await Task.sleep(for: .seconds(60))
      return try await examination.run()
    }
    work.cancel()
    await #expect(throws: CancellationError.self) { _ = try await work.value }
    #expect(events.withLock { $0 } == ["end"])
  }

  @Test(
    "texts and sizes",
    arguments: [
      (0, "0 bytes"), (1023, "1023 bytes"), (1 << 20, "1 MiB"), (3 << 29, "1.5 GiB"),
      (150_754_820_096, "140 GiB"),
    ] as [(Int64, String)])
  func sizes(_ bytes: Int64, _ text: String) { #expect(sizeText(bytes) == text) }
}
