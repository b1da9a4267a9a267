import ArrowIPC
import Glibc
import NeedletailTesting
import SparkWorker
import Testing
import Threads
import WorkerFunctions

/// A worker process that dies costs one attempt of the tasks that it ran, and nothing later.
@Suite struct WorkerDeathTests {
  static let deaths = [
    ("crashing", ["signal 9 (SIGKILL)", "spark.executor.memoryOverhead"]),
    ("trapping", ["SIG", "a trap ends a Swift program", "the oven has exploded"]),
    ("faulting", ["signal 11 (SIGSEGV)", "native code"]),
    ("exiting", ["ended by itself with status 3", "exit()"]),
  ]

  @Test(arguments: deaths, FakeSpark.Transport.allCases)
  func tellsHowAndGoesOn(
    death: (function: String, words: [String]), transport: FakeSpark.Transport
  ) async throws {
    let daemon = try await DaemonTests.start(.v4_3, transport)
    for _ in 0..<2 {
      let error = await failure {
        _ = try await DaemonTests.run(daemon, task(death.function), [doubles([1])])
      }
      #expect(error?.code == .taskFailed)
      let message = error?.message ?? ""
      #expect(message.hasPrefix("Needletail worker: [WORKER_LOST] \(death.function): "))
      #expect(message.contains("partition 0, stage 0, attempt 0, process "))
      for word in death.words { #expect(message.contains(word), "\(message)") }
      let outcome = try await DaemonTests.run(daemon, task("scale"), [doubles([2])])
      #expect(try values(outcome.batches) == [4])
    }
    #expect(daemon.log.contains(death.words[0]))
    #expect(Processes.exists(daemon.processID))
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func tellsBehindTheBeginningOfAnAnswer(version: SparkProtocolVersion) async throws {
    let daemon = try await DaemonTests.start(version)
    let error = await failure {
      _ = try await DaemonTests.run(
        daemon, task("crashingLate"), [doubles([1, 2]), doubles([3, 4]), doubles([5])])
    }
    #expect(error?.code == .taskFailed)
    #expect(error?.message.contains("[WORKER_LOST] crashingLate: ") == true)
  }

  /// Spark goes on sending rows that nobody reads; what is told must arrive all the same.
  @Test(arguments: FakeSpark.Transport.allCases)
  func tellsWhileRowsAreOnTheirWay(transport: FakeSpark.Transport) async throws {
    let daemon = try await DaemonTests.start(.v4_3, transport)
    let batch = try doubles([Double](repeating: 1, count: 300_000))
    let error = await failure {
      _ = try await DaemonTests.run(
        daemon, task("crashing"), Array(repeating: batch, count: 10))
    }
    #expect(error?.code == .taskFailed, "\(error as Any)")
  }

  /// The case of the OOM killer between two jobs: Spark reuses its idle connections, and must not
  /// notice.
  @Test(arguments: SparkProtocolVersion.allCases)
  func keepsIdleConnections(version: SparkProtocolVersion) async throws {
    let daemon = try await DaemonTests.start(version)
    let connections = try await Thread.run { try (0..<4).map { _ in try daemon.connect() } }
    for round in 1...6 {
      for connection in connections {
        let outcome = try await on(connection, task("scale"), [doubles([Double(round)])])
        #expect(try values(outcome.batches) == [Double(round) * 2])
        #expect(outcome.isReusable)
      }
      let workers = Processes.children(of: daemon.processID)
      #expect(workers.count == 1)
      // A worker that has answered gives its connection back a moment later, and until then it is not idle.
      try await Task.sleep(for: .milliseconds(100))
      for worker in workers { kill(worker, SIGKILL) }
      #expect(try await eventually { !workers.contains(where: Processes.exists) })
    }
    daemon.endInput()
    #expect(try await Thread.run { daemon.waitForExit() } == 0)
  }

  @Test func tellsWhyAWorkerDoesNotStart() async throws {
    let daemon = try await DaemonTests.start(
      .v4_3, .tcp, ["WORKER_FIXTURE_FAILS_TO_START": "home"])
    for _ in 0..<2 {
      let error = await failure {
        _ = try await DaemonTests.run(daemon, task("scale"), [doubles([1])])
      }
      #expect(error?.code == .taskFailed)
      #expect(error?.message.contains("[LAUNCH]") == true)
      #expect(error?.message.contains("the oven at home does not start") == true)
    }
  }

  @Test(arguments: FakeSpark.Transport.allCases)
  func aWorkerEndsWithItsDaemon(transport: FakeSpark.Transport) async throws {
    let ends: [@Sendable (FakeSparkDaemon) -> Void] = [
      { $0.signal(SIGKILL) }, { $0.signal(SIGTERM) }, { $0.endInput() },
    ]
    for end in ends {
      let daemon = try await DaemonTests.start(.v4_3, transport)
      let connection = try await Thread.run { try daemon.connect() }
      let busy = try task("busy")
      let batch = try doubles([1])
      try await Thread.run { try connection.begin(busy, on: [batch], schema: doubleSchema) }
      try await Task.sleep(for: .milliseconds(100))
      let workers = Processes.children(of: daemon.processID)
      #expect(workers.count == 1)
      end(daemon)
      #expect(try await eventually(within: 2) { !workers.contains(where: Processes.exists) })
      #expect(try await Thread.run { daemon.waitForExit(seconds: 1) } != nil)
    }
  }
}
