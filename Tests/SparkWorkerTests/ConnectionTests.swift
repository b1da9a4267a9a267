import ArrowIPC
import Glibc
import NeedletailTesting
import SparkFunctions
import SparkWorker
import Testing
import Threads
import WorkerFunctions

@Suite struct ConnectionTests {
  @Test(arguments: SparkProtocolVersion.allCases)
  func carriesManyTasks(version: SparkProtocolVersion) async throws {
    let connection = try connectToFixture(version)
    for round in 1...5 {
      let outcome = try await on(connection, task("scale"), [doubles([Double(round)])])
      #expect(try values(outcome.batches) == [Double(round) * 2])
      #expect(outcome.isReusable)
      #expect(outcome.timing.count == (version >= .v4_2 ? 6 : 5))
    }
  }

  @Test func takesConnectionsWithoutATask() throws {
    for _ in 0..<5 { try connectToFixture().close() }
  }

  /// The error must arrive although Spark is still sending rows that nobody reads.
  @Test(arguments: SparkProtocolVersion.allCases)
  func reportsFailuresWhileRowsAreOnTheirWay(version: SparkProtocolVersion) async throws {
    let batch = try doubles([Double](repeating: 1, count: 300_000))
    let error = await failure {
      _ = try await on(
        connectToFixture(version), task("failing"), Array(repeating: batch, count: 10))
    }
    #expect(error?.code == .taskFailed)
    #expect(error?.message.contains("row 7 is bad") == true)
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func endsTheStreamBeforeALateFailure(version: SparkProtocolVersion) async throws {
    let error = await failure {
      _ = try await on(
        connectToFixture(version), task("lateFailure"), [doubles([1, 2]), doubles([3])])
    }
    #expect(error?.code == .taskFailed)
    #expect(error?.message.contains("the last batch is bad") == true)
  }

  @Test func carriesNothingAfterAFailure() async throws {
    let connection = try connectToFixture()
    _ = await failure { _ = try await on(connection, task("failing"), [doubles([1])]) }
    let error = await failure { _ = try await on(connection, task("scale"), [doubles([1])]) }
    #expect(error?.code == .workerLost)
  }

  @Test(arguments: [SparkProtocolVersion.v4_3])
  func namesTheVersionOfADamagedInitialization(version: SparkProtocolVersion) async throws {
    var message = WireBytes()
    message.append(Int32(-8))
    message.append(counted: Array(try task("scale").initialization(for: version)[8...].dropLast(3)))
    let bytes = message.bytes
    let connection = try connectToFixture(version)
    let error = await failure { _ = try await Thread.run { try connection.run(raw: bytes) } }
    #expect(error?.code == .taskFailed)
    #expect(error?.message.contains("[INVALID_INITIALIZATION] Spark 4.3: ") == true)
  }

  @Test(arguments: [SparkProtocolVersion.v4_0, .v4_1, .v4_2])
  func noticesAMissingArrowStream(version: SparkProtocolVersion) async throws {
    let bytes = try task("scale").initialization(for: version) + [0, 0, 0, 1, 2, 3, 4, 5]
    let connection = try connectToFixture(version)
    let error = await failure { _ = try await Thread.run { try connection.run(raw: bytes) } }
    #expect(error?.code == .taskFailed)
    #expect(error?.message.contains("Spark \(version.rawValue)") == true)
  }

  @Test func reportsADamagedArrowStream() async throws {
    let bytes =
      try task("scale").initialization(for: .v4_3)
      + [0xFF, 0xFF, 0xFF, 0xFF, 8, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]
    let connection = try connectToFixture()
    let error = await failure { _ = try await Thread.run { try connection.run(raw: bytes) } }
    #expect(error?.code == .taskFailed)
    #expect(error?.message.contains("[ARROW]") == true)
  }

  /// A function of tables may stop early; the connection is then in the middle of a stream.
  @Test(arguments: SparkProtocolVersion.allCases)
  func dropsTheConnectionWhenInputIsLeft(version: SparkProtocolVersion) async throws {
    let batches = try [[1.0, 2], [3]].map { try FakeSpark.wrapped(doubles($0)) }
    let connection = try connectToFixture(version)
    let outcome = try await on(connection, task("firstRows", evaluation: .mapInArrow), batches)
    #expect(try values(outcome.batches.map(FakeSpark.unwrapped)) == [1, 2])
    #expect(!outcome.isReusable)
  }

  @Test func cancelsWhatSleeps() async throws {
    let connection = try connectToFixture()
    let task = try task("sleepy")
    let batch = try doubles([1])
    try await Thread.run { try connection.begin(task, on: [batch], schema: doubleSchema) }
    try await Task.sleep(for: .milliseconds(100))
    let start = ContinuousClock.now
    connection.close()
    try await Thread.run { connection.waitForClose() }
    #expect(ContinuousClock.now - start < .seconds(1))
  }

  @Test func cancelsWhatComputes() async throws {
    let path = "/tmp/needletail-cancel-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    let connection = try connectToFixture()
    let task = try task("busy", parameters: path)
    let batch = try doubles([1])
    try await Thread.run { try connection.begin(task, on: [batch], schema: doubleSchema) }
    try await Task.sleep(for: .milliseconds(100))
    let start = ContinuousClock.now
    connection.close()
    #expect(try await eventually(within: 1) { access(path, F_OK) == 0 })
    #expect(ContinuousClock.now - start < .seconds(1))
  }

  /// LIMIT: Spark has enough rows and closes the connection while the worker writes.
  @Test func endsQuietlyWhenSparkHasEnough() async throws {
    let connection = try connectToFixture()
    let task = try task("identity")
    let batch = try doubles([Double](repeating: 1, count: 100_000))
    try await Thread.run {
      try connection.begin(task, on: [batch], schema: doubleSchema)
      #expect(try connection.firstBatch()?.rowCount == 100_000)
      connection.close()
      connection.waitForClose()
    }
  }

  @Test func sharesModelsAmongConnections() async throws {
    let models = ModelCache()
    let task = try task("model")
    try await withThrowingTaskGroup(of: [Double].self) { group in
      for _ in 0..<6 {
        group.addTask {
          let connection = try connectToFixture(models: models)
          return try values(try await on(connection, task, [doubles([0])]).batches)
        }
      }
      for try await result in group { #expect(result == [1]) }
    }
    #expect(models.loadCount == 1)
  }

  /// Spark tries a failed task again; a model that is missing is not looked for again each time.
  @Test func remembersModelsThatDoNotLoad() async throws {
    let models = ModelCache()
    for _ in 0..<4 {
      let error = await failure {
        _ = try await on(connectToFixture(models: models), task("brokenModel"), [doubles([0])])
      }
      #expect(error?.message.contains("[MODEL_LOAD] there is no such file (load 1)") == true)
    }
    #expect(models.loadCount == 1)
  }
}
