import ArrowIPC
import Glibc
import NeedletailTesting
import SparkFunctions
import SparkWorker
import Testing
import Threads
import WorkerFunctions

/// Functions in whose company a process died run in processes of their own.
@Suite struct IsolationTests {
  private static func process(
    _ daemon: FakeSparkDaemon, _ task: FakeSparkTask, _ batch: RecordBatch
  ) async throws -> Double {
    let outcome = try await DaemonTests.run(daemon, task, [batch])
    return try #require(values(outcome.batches).first)
  }

  /// A query that ends its process in each of four attempts, beside one that is right and takes time.
  @Test(arguments: SparkProtocolVersion.allCases)
  func anInnocentTaskFailsOnceAtMost(version: SparkProtocolVersion) async throws {
    let daemon = try await DaemonTests.start(version)
    let innocent = try task("process", parameters: "0.1")
    let batches = try (0..<15).map { try doubles([Double($0)]) }
    async let attempts: [FakeSparkError?] = {
      var errors: [FakeSparkError?] = []
      for _ in 0..<4 {
        errors.append(
          await failure { _ = try await DaemonTests.run(daemon, innocent, batches) })
        if errors.last == .some(nil) { break }
      }
      return errors
    }()
    try await Task.sleep(for: .milliseconds(500))
    for _ in 0..<4 {
      let error = await failure {
        _ = try await DaemonTests.run(daemon, task("faulting"), [doubles([1])])
      }
      #expect(error?.message.contains("[WORKER_LOST] faulting: ") == true)
      try await Task.sleep(for: .milliseconds(150))
    }
    let errors = await attempts
    #expect(errors.count == 2)
    #expect(errors.last == .some(nil))
    // In the middle of a message nothing can be told but the end of the connection.
    let said = errors[0]?.message ?? ""
    #expect(
      errors[0]?.code == .workerLost || said.contains("it also ran 1 other task, of faulting"),
      "\(said)")
    #expect(daemon.log.contains("it ran 2 tasks of faulting; process"))

    // Now it is known which one it was, and the other one runs with the rest again.
    let own = try await Self.process(daemon, innocent, doubles([1]))
    let shared = try await Self.process(daemon, task("process"), doubles([1]))
    #expect(own == shared)
  }

  @Test func aFunctionThatEndedItsProcessStaysApart() async throws {
    let daemon = try await DaemonTests.start()
    let moody = try task("moody")
    let before = try await Self.process(daemon, moody, doubles([1]))
    #expect(try await Self.process(daemon, task("process"), doubles([1])) == before)
    // The process notes that it has answered a moment after the answer is here; a task that has not
    // been noted as ended would be held apart with the other.
    try await Task.sleep(for: .milliseconds(300))
    _ = await failure { _ = try await DaemonTests.run(daemon, moody, [doubles([-1])]) }
    let apart = try await Self.process(daemon, moody, doubles([1]))
    let shared = try await Self.process(daemon, task("process"), doubles([1]))
    #expect(apart != shared && apart != before && shared != before)
    #expect(try await Self.process(daemon, moody, doubles([2])) == apart)
    // The same function with other parameters is another one.
    let other = try task("moody", parameters: "1")
    #expect(try await Self.process(daemon, other, doubles([1])) == shared)
    // It takes nobody with it any more.
    let innocent = try task("process", parameters: "0.5")
    async let slow = Self.process(daemon, innocent, doubles([1]))
    try await Task.sleep(for: .milliseconds(150))
    _ = await failure { _ = try await DaemonTests.run(daemon, moody, [doubles([-1])]) }
    #expect(try await slow == shared)
    #expect(Processes.children(of: daemon.processID) == [Int32(shared)])
  }

  /// Spark reuses a connection for tasks of any function, so that it goes from process to process,
  /// with all that was read of it.
  @Test(arguments: SparkProtocolVersion.allCases, [0, 200_000])
  func connectionsChangeProcesses(version: SparkProtocolVersion, extra: Int) async throws {
    let daemon = try await DaemonTests.start(version)
    var moody = try task("moody")
    var calm = try task("process")
    for name in ["plan", "settings"] {
      moody.localProperties[name] = String(repeating: "p", count: extra)
      calm.localProperties[name] = String(repeating: "q", count: extra)
    }
    _ = await failure { _ = try await DaemonTests.run(daemon, moody, [doubles([-1])]) }
    let connection = try await Thread.run { try daemon.connect() }
    let long = try doubles([Double](repeating: 1, count: 20_000))
    var seen: [[Double]] = []
    for _ in 0..<2 {
      for task in [moody, calm, calm, moody] {
        let outcome = try await on(connection, task, [doubles([1]), long])
        #expect(outcome.isReusable)
        let processes = try values(outcome.batches)
        #expect(processes.count == 20_001)
        seen.append(Array(Set(processes)))
      }
    }
    #expect(seen.allSatisfy { $0.count == 1 })
    let (apart, shared) = (seen[0], seen[1])
    #expect(apart != shared)
    let turn = [apart, shared, shared, apart]
    #expect(seen == turn + turn)
  }

  @Test func anIdleProcessApartEndsAndItsConnectionsLiveOn() async throws {
    let daemon = try await DaemonTests.start(
      .v4_3, .tcp, ["NEEDLETAIL_MODEL_RETENTION": "0.2"])
    let moody = try task("moody")
    _ = await failure { _ = try await DaemonTests.run(daemon, moody, [doubles([-1])]) }
    let connection = try await Thread.run { try daemon.connect() }
    let first = try values(await on(connection, moody, [doubles([1])]).batches)
    #expect(try await eventually { !Processes.exists(Int32(first[0])) })
    let second = try values(await on(connection, moody, [doubles([1])]).batches)
    #expect(second != first)
  }

  /// A chain and its parts: whatever held a function that ended a process runs apart.
  @Test func chainsAreHeldApartToo() async throws {
    let daemon = try await DaemonTests.start()
    _ = await failure {
      _ = try await DaemonTests.run(daemon, task("identity", "moody"), [doubles([-1])])
    }
    let chain = try await Self.process(daemon, task("identity", "moody"), doubles([1]))
    let part = try await Self.process(daemon, task("moody"), doubles([1]))
    let shared = try await Self.process(daemon, task("process"), doubles([1]))
    #expect(Set([chain, part, shared]).count == 3)
  }

  /// More functions than the ledger remembers of a task.
  @Test func aTaskOfManyFunctionsIsHeldApartToo() async throws {
    let daemon = try await DaemonTests.start()
    let scales = try (1...12).map { try command("scale", parameters: "\($0)") }
    let many = FakeSparkTask(
      .scalarPandasIterator,
      calls: [
        FunctionCall(arguments: [.init(column: 0)], commands: scales + [try command("moody")])
      ])
    _ = await failure { _ = try await DaemonTests.run(daemon, many, [doubles([-1])]) }
    let apart = try await Self.process(daemon, many, doubles([1]))
    let shared = try await Self.process(daemon, task("process"), doubles([1]))
    #expect(apart != shared)
    #expect(try await Self.process(daemon, many, doubles([2])) == apart)
  }
}
