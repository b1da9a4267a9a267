import ArrowIPC
import Foundation
import Glibc
import NeedletailTesting
import SparkFunctions
import SparkWorker
import Testing
import Threads
import WorkerFunctions

/// The worker as a process of its own.
@Suite struct DaemonTests {
  static func start(
    _ version: SparkProtocolVersion = .v4_3, _ transport: FakeSpark.Transport = .tcp,
    _ environment: [String: String] = [:]
  ) async throws -> FakeSparkDaemon {
    try await Thread.run {
      try FakeSparkDaemon(
        executable: fixturePath, version: version, transport: transport, environment: environment)
    }
  }

  static func run(
    _ daemon: FakeSparkDaemon, _ task: FakeSparkTask, _ batches: [RecordBatch]
  ) async throws -> FakeSparkConnection.Outcome {
    try await Thread.run {
      let connection = try daemon.connect()
      defer { connection.close() }
      return try connection.run(task, on: batches, schema: batches.first?.schema ?? doubleSchema)
    }
  }

  @Test(arguments: BarrierTests.cases)
  func runsTasks(version: SparkProtocolVersion, transport: FakeSpark.Transport) async throws {
    let daemon = try await Self.start(version, transport)
    let connection = try await Thread.run { try daemon.connect() }
    #expect(connection.processID == daemon.processID)
    for _ in 0..<3 {
      let outcome = try await on(connection, task("scale"), [doubles([1, 2])])
      #expect(try values(outcome.batches) == [2, 4])
      #expect(outcome.isReusable)
    }
    let table = try FakeSpark.wrapped(doubles([1, 2]))
    let outcome = try await on(connection, task("doubledRows", evaluation: .mapInArrow), [table])
    #expect(try values(outcome.batches.map(FakeSpark.unwrapped)) == [1, 2, 1, 2])
    connection.close()
    daemon.endInput()
    #expect(try await Thread.run { daemon.waitForExit() } == 0)
    if transport == .unix { #expect(access(daemon.address, F_OK) != 0, "the socket was removed") }
  }

  @Test func keepsStandardOutputClean() async throws {
    let daemon = try await Self.start()
    _ = try await Self.run(daemon, task("printing"), [doubles([1])])
    daemon.endInput()
    let rest = try await Thread.run { daemon.restOfOutput() }
    #expect(rest.isEmpty)
    #expect(try await eventually { daemon.log.contains("printed by a function") })
    #expect(daemon.log.contains("a program that prints when it starts"))
  }

  @Test func refusesAWrongSecret() async throws {
    let daemon = try await Self.start()
    let error = await failure {
      _ = try await Thread.run { try daemon.connect(secret: "guess") }
    }
    #expect(error?.message.contains("'err'") == true)
    #expect(try values(await Self.run(daemon, task("scale"), [doubles([1])]).batches) == [2])
  }

  /// Spark cancels a task by a request on standard input and by closing the connection. All tasks
  /// have the same process id, so that the others must live on.
  @Test func ignoresRequestsToKill() async throws {
    let daemon = try await Self.start()
    let connection = try await Thread.run { try daemon.connect() }
    daemon.requestKill(daemon.processID)
    let outcome = try await on(connection, task("scale"), [doubles([1])])
    #expect(outcome.isReusable)
    #expect(try values(await Self.run(daemon, task("scale"), [doubles([3])]).batches) == [6])
  }

  @Test(arguments: FakeSpark.Transport.allCases)
  func cancelsOneTaskOfSeveral(transport: FakeSpark.Transport) async throws {
    let path = "/tmp/needletail-cancel-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    let daemon = try await Self.start(.v4_3, transport)
    let (doomed, other) = try await Thread.run { (try daemon.connect(), try daemon.connect()) }
    let busy = try task("busy", parameters: path)
    let batch = try doubles([1])
    try await Thread.run { try doomed.begin(busy, on: [batch], schema: doubleSchema) }
    try await Task.sleep(for: .milliseconds(100))
    daemon.requestKill(daemon.processID)
    doomed.close()
    #expect(try await eventually(within: 1) { access(path, F_OK) == 0 })
    let outcome = try await on(other, task("scale"), [doubles([1])])
    #expect(try values(outcome.batches) == [2])
  }

  @Test func survivesClosedConnections() async throws {
    let daemon = try await Self.start()
    let batch = try doubles([Double](repeating: 1, count: 300_000))
    let identity = try task("identity")
    for _ in 0..<5 {
      try await Thread.run {
        let connection = try daemon.connect()
        try connection.begin(identity, on: [batch], schema: doubleSchema)
        connection.close()
        try daemon.connect().close()
      }
    }
    #expect(try values(await Self.run(daemon, task("scale"), [doubles([1])]).batches) == [2])
  }

  @Test(arguments: FakeSpark.Transport.allCases)
  func loadsAModelOnceForAllTasks(transport: FakeSpark.Transport) async throws {
    let daemon = try await Self.start(.v4_2, transport)
    let model = try task("model")
    try await withThrowingTaskGroup(of: [Double].self) { group in
      for _ in 0..<4 {
        group.addTask { try values(await Self.run(daemon, model, [doubles([0])]).batches) }
      }
      for try await result in group { #expect(result == [1]) }
    }
  }

  @Test func endsAtOnceWithSparkEvenWhenBusy() async throws {
    let daemon = try await Self.start()
    let connection = try await Thread.run { try daemon.connect() }
    let busy = try task("busy")
    let batch = try doubles([1])
    try await Thread.run { try connection.begin(busy, on: [batch], schema: doubleSchema) }
    daemon.endInput()
    #expect(try await Thread.run { daemon.waitForExit(seconds: 1) } == 0)
  }

  @Test func endsOnTermination() async throws {
    let daemon = try await Self.start(.v4_3, .unix)
    daemon.signal(SIGTERM)
    #expect(try await Thread.run { daemon.waitForExit(seconds: 1) } == 0)
    #expect(access(daemon.address, F_OK) != 0, "the socket was removed")
  }

  @Test func releasesModelsAndEndsWhenIdle() async throws {
    let environment = [
      "NEEDLETAIL_MODEL_RETENTION": "0.2", "NEEDLETAIL_WORKER_IDLE_EXIT": "0.5",
    ]
    let daemon = try await Self.start(.v4_3, .tcp, environment)
    let connection = try await Thread.run { try daemon.connect() }
    #expect(try values(await on(connection, task("model"), [doubles([0])]).batches) == [1])
    #expect(try await eventually { daemon.log.contains("releases 1 models") })
    #expect(try values(await on(connection, task("model"), [doubles([0])]).batches) == [2])
    // It stays for as long as Spark keeps a connection.
    #expect(try await Thread.run { daemon.waitForExit(seconds: 2) } == nil)
    connection.close()
    #expect(try await Thread.run { daemon.waitForExit(seconds: 6) } == 0)
  }

  @Test("beside Spark's Python it needs no standard input and ends with the executor")
  func endsWithTheExecutor() async throws {
    try await Thread.run {
      let executor = Process()
      executor.executableURL = URL(filePath: "/bin/sleep")
      executor.arguments = ["60"]
      try executor.run()
      defer { kill(executor.processIdentifier, SIGKILL) }
      let path = "/tmp/needletail-\(UUID().uuidString.prefix(8)).sock"
      defer { unlink(path) }
      let daemon = Process()
      daemon.executableURL = URL(filePath: fixturePath)
      daemon.arguments = ["-m", "needletail.daemon", path]
      daemon.environment = ["NEEDLETAIL_EXECUTOR_PID": "\(executor.processIdentifier)"]
      daemon.standardInput = FileHandle.nullDevice
      let greeting = Pipe()
      daemon.standardOutput = greeting
      daemon.standardError = FileHandle.nullDevice
      try daemon.run()
      // Its length, and the path.
      let said = try greeting.fileHandleForReading.read(upToCount: 4 + path.utf8.count)
      #expect(said?.dropFirst(4).elementsEqual(path.utf8) == true)
      let connection = try Socket.connect(to: .unix(path: path))
      #expect(try connection.readInt32() == daemon.processIdentifier)
      kill(executor.processIdentifier, SIGKILL)
      daemon.waitUntilExit()
      #expect(daemon.terminationStatus == 0)
      #expect(access(path, F_OK) != 0, "the socket was removed")
    }
  }

  @Test func explainsWhyItCannotStart() async throws {
    let directory = "/tmp/" + String(repeating: "long", count: 30)
    let error = await failure {
      _ = try await Thread.run {
        try FakeSparkDaemon(executable: fixturePath, transport: .unix, directory: directory)
      }
    }
    #expect(error?.code == .launch)
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func servesOneTaskWithoutADaemon(version: SparkProtocolVersion) async throws {
    let scale = try task("scale")
    let batch = try doubles([1, 2])
    let (outcome, status) = try await Thread.run {
      let (connection, waitForExit) = try FakeSparkStandalone.launch(
        executable: fixturePath, version: version)
      let outcome = try connection.run(scale, on: [batch], schema: doubleSchema)
      connection.close()
      return (outcome, waitForExit())
    }
    #expect(try values(outcome.batches) == [2, 4])
    #expect(status == 0)
  }
}
