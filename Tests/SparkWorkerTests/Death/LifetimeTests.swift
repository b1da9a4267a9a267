import ArrowIPC
import FoundationEssentials
import Glibc
import NeedletailTesting
import SparkWorker
import Testing
import Threads
import WorkerFunctions

/// When daemons end whose session is over.
@Suite struct LifetimeTests {
  /// Starts the fixture from a folder of its own, as Spark starts what a session uploaded.
  private static func startUploaded(
    _ environment: [String: String] = [:]
  ) async throws -> (FakeSparkDaemon, folder: String) {
    let folder = "/tmp/needletail-session-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let program = folder + "/WorkerFixture"
    try FileManager.default.copyItem(atPath: fixturePath, toPath: program)
    let daemon = try await Thread.run {
      try FakeSparkDaemon(executable: program, environment: environment)
    }
    return (daemon, folder)
  }

  @Test func endsWhenTheSessionsFilesAreGone() async throws {
    let (daemon, folder) = try await Self.startUploaded()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let connection = try await Thread.run { try daemon.connect() }
    _ = try await on(connection, task("scale"), [doubles([1])])
    let workers = Processes.children(of: daemon.processID)
    connection.close()
    // Spark may open another connection.
    #expect(try await Thread.run { daemon.waitForExit(seconds: 4) } == nil)
    try FileManager.default.removeItem(atPath: folder)
    #expect(try await Thread.run { daemon.waitForExit(seconds: 8) } == 0)
    #expect(try await eventually { !workers.contains(where: Processes.exists) })
    // What it said last may still be on its way.
    #expect(try await eventually { daemon.log.contains("the session's files are gone") })
  }

  /// Spark's next job would fail if a daemon ended while idle connections are there.
  @Test func servesOnWithoutFilesWhileThereAreConnections() async throws {
    let (daemon, folder) = try await Self.startUploaded()
    let connection = try await Thread.run { try daemon.connect() }
    _ = try await on(connection, task("scale"), [doubles([1])])
    try FileManager.default.removeItem(atPath: folder)
    #expect(try await Thread.run { daemon.waitForExit(seconds: 5) } == nil)
    // Not even a new process needs the file.
    for worker in Processes.children(of: daemon.processID) { kill(worker, SIGKILL) }
    let outcome = try await on(connection, task("scale"), [doubles([3])])
    #expect(try values(outcome.batches) == [6])
    connection.close()
    #expect(try await Thread.run { daemon.waitForExit(seconds: 8) } == 0)
  }

  @Test func endsWithItsWorkersWhenIdle() async throws {
    let daemon = try await DaemonTests.start(.v4_3, .tcp, ["NEEDLETAIL_WORKER_IDLE_EXIT": "0.5"])
    // Spark starts a daemon because it is about to connect.
    #expect(try await Thread.run { daemon.waitForExit(seconds: 2) } == nil)
    _ = await failure { _ = try await DaemonTests.run(daemon, task("moody"), [doubles([-1])]) }
    _ = try await DaemonTests.run(daemon, task("moody"), [doubles([1])])
    let workers = Processes.children(of: daemon.processID)
    #expect(!workers.isEmpty)
    #expect(try await Thread.run { daemon.waitForExit(seconds: 4) } == 0)
    #expect(try await eventually { !workers.contains(where: Processes.exists) })
  }
}
