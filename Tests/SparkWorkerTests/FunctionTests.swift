import ArrowIPC
import NeedletailTesting
import SparkFunctions
import SparkTypes
import SparkWorker
import Tensors
import Testing
import Threads
import WorkerFunctions

@Suite struct FunctionTests {
  @Test(arguments: SparkProtocolVersion.allCases)
  func scalesAColumn(version: SparkProtocolVersion) async throws {
    let batches = [try doubles([1, 2, 3]), try doubles([4])]
    let results = try await FakeSpark(version: version).run(WorkerFunctions.scale, on: batches)
    #expect(try values(results) == [2, 4, 6, 8])
    #expect(results.allSatisfy { $0.schema.fields.map(\.name) == ["_0"] })
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func mapsTables(version: SparkProtocolVersion) async throws {
    let batch = try RecordBatch([("a", .numbers([1.0, 2.0])), ("b", .strings(["x", nil]))])
    let results = try await FakeSpark(version: version).run(
      WorkerFunctions.reversedTable, on: [batch])
    #expect(results.count == 1)
    #expect(results[0].schema.fields.map(\.name) == ["b", "a"])
    #expect(strings(results) == ["x", nil])
  }

  @Test func passesParameters() async throws {
    let results = try await FakeSpark().run(
      WorkerFunctions.scale, parameters: 10.0, on: [try doubles([1, 2])])
    #expect(try values(results) == [10, 20])
  }

  /// A user's function, over batches that end elsewhere than the model's.
  @Test(arguments: SparkProtocolVersion.allCases)
  func predictsInFullBatches(version: SparkProtocolVersion) async throws {
    let function = PredictBatchUDF(
      "rowsOfBatch", returning: .array(.double), batchSize: 4, inputTensorShapes: [[2]]
    ) { _ in
      { (pairs: Tensor<Double>) -> Tensor<Double> in
        let rows = pairs.shape[0]
        let results = (0..<rows).flatMap { [pairs.scalars[$0 * 2 + 1], Double(rows)] }
        return try Tensor(results, shape: [rows, 2])
      }
    }
    let batches = try [3, 3, 5].map { rows in
      try RecordBatch([
        (
          "pairs",
          .lists(of: .numbers((0..<rows * 2).map(Double.init)), rows: rows, width: 2)
        )
      ])
    }
    let results = try await FakeSpark(version: version).run(function, on: batches)
    let pairs = try results.flatMap { batch in
      try batch.columns[0].children[0].withValues(as: Double.self) { values in
        (0..<batch.rowCount).map { row in Array(values[batch.columns[0].valueRange(row)]) }
      }
    }
    #expect(pairs.map { $0[0] } == [1, 3, 5, 1, 3, 5, 1, 3, 5, 7, 9])
    #expect(pairs.map { $0[1] } == [4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3], "full batches but the last")
  }

  @Test func picksArguments() async throws {
    let batch = try RecordBatch([
      ("a", .numbers([1.0, 2])), ("b", .numbers([10.0, 20])), ("c", .numbers([100.0, 200])),
    ])
    let results = try await FakeSpark().run(
      WorkerFunctions.sum, arguments: ["c", "a", "a"], on: [batch])
    #expect(try values(results) == [102, 204])
  }

  @Test func mapsToMoreRows() async throws {
    let results = try await FakeSpark().run(
      WorkerFunctions.doubledRows,
      on: [try doubles([1, 2], name: "x"), try doubles([3], name: "x")])
    #expect(try values(results) == [1, 2, 1, 2, 3, 3])
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func chainsInnerFirst(version: SparkProtocolVersion) async throws {
    let connection = try connectToFixture(version)
    let outcome = try await on(
      connection, task("scale", "rebatched", "scale"), [doubles([1, 2, 3, 4])])
    #expect(try values(outcome.batches) == [4, 8, 12, 16])
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func alignsSeveralFunctions(version: SparkProtocolVersion) async throws {
    var task = try task("scale", evaluation: .scalarPandas)
    task.calls += [
      FunctionCall(arguments: [.init(column: 1)], commands: [try command("rebatched")]),
      FunctionCall(
        arguments: [.init(column: 0), .init(column: 1)], commands: [try command("sum")]),
    ]
    let sizes = [4, 1, 0, 7, 2]
    var start = 0
    let batches = try sizes.map { size in
      defer { start += size }
      let numbers = (start..<start + size).map(Double.init)
      return try RecordBatch([
        ("_0", .numbers(numbers)), ("_1", .numbers(numbers.map { $0 * 100 })),
      ])
    }
    let outcome = try await on(connectToFixture(version), task, batches)
    let expected = (0..<14).map(Double.init)
    #expect(try values(outcome.batches, column: 0) == expected.map { $0 * 2 })
    #expect(try values(outcome.batches, column: 1) == expected.map { $0 * 100 })
    #expect(try values(outcome.batches, column: 2) == expected.map { $0 * 101 })
    #expect(outcome.batches.allSatisfy { $0.columns.count == 3 && $0.rowCount > 0 })
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func skipsTheStreamForEmptyPartitions(version: SparkProtocolVersion) async throws {
    let connection = try connectToFixture(version)
    for name in ["scale", "rebatched"] {
      for batches in [[], [try doubles([])]] {
        let outcome = try await on(connection, task(name), batches)
        #expect(outcome.schema == nil && outcome.batches.isEmpty && outcome.isReusable)
      }
    }
  }

  @Test(arguments: [
    ("short", "2 rows were given for 3 rows of input"),
    ("long", "4 rows were given for 3 rows of input so far"),
    ("quitting", "0 rows were given for 3 rows of input"),
    ("wide", "a batch of 2 columns"),
    ("failing", "[PREDICTION] failing: row 7 is bad\nand here is a second line"),
    ("reversedTable", "use it in mapBatches"),
    ("nobody", "no function of this name"),
  ])
  func reportsFailures(function: String, text: String) async throws {
    let error = await failure {
      _ = try await on(connectToFixture(), task(function), [doubles([1, 2, 3])])
    }
    #expect(error?.code == .taskFailed)
    let message = error?.message ?? ""
    #expect(message.hasPrefix("Needletail worker: ["))
    #expect(message.contains(text))
    #expect(message.contains("partition 0, stage 0, attempt 0, process "))
    #expect(message.contains(function))
  }

  @Test func countsRowsOfInnerFunctions() async throws {
    let error = await failure {
      _ = try await on(connectToFixture(), task("short", "scale"), [doubles([1, 2, 3])])
    }
    #expect(error?.message.contains("[WRONG_ROW_COUNT] short: 2 rows") == true)
  }

  @Test func refusesAColumnFunctionForTables() async throws {
    let task = try task("scale", evaluation: .mapInArrow)
    let table = try FakeSpark.wrapped(doubles([1]))
    let error = await failure { _ = try await on(connectToFixture(), task, [table]) }
    #expect(error?.message.contains("withColumn") == true)
  }

  @Test func refusesAnotherBuild() async throws {
    var task = try task("scale")
    task.calls[0].commands = [try command("scale", fingerprint: "B")]
    let error = await failure { [task] in
      _ = try await on(connectToFixture(), task, [doubles([1])])
    }
    let text =
      "[BUILD_MISMATCH] scale: this executor runs build fixture of the program, the driver is build B"
    #expect(error?.message.contains(text) == true)
  }

  @Test func refusesPickledFunctions() async throws {
    var task = try task("scale")
    task.calls[0].commands = [[0x80, 5, 1, 2, 3]]
    let error = await failure { [task] in
      _ = try await on(connectToFixture(), task, [doubles([1])])
    }
    #expect(error?.message.contains("spark.sql.execution.pyspark.python") == true)
  }

  @Test func refusesColumnsThatChangeTheirType() async throws {
    let error = await failure {
      _ = try await on(
        connectToFixture(), task("changing"), [doubles([1, 2]), doubles([3])])
    }
    #expect(error?.message.contains("float64") == true || error?.message.contains("double") == true)
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func describesTheTask(version: SparkProtocolVersion) async throws {
    let results = try await FakeSpark(version: version).run(
      WorkerFunctions.surroundings, on: [try doubles([1])]
    ) { task in
      task.partition = 3
      task.stage = 4
      task.attempt = 2
      task.taskAttempt = 99
      task.cpus = 2
      task.resources = ["gpu": ["1"]]
      task.filesDirectory = "/files"
    }
    #expect(strings(results) == ["3 4 2 99 2 [\"1\"] /files/model UTC"])
  }

  @Test func takesLargeBatches() async throws {
    let numbers = (0..<500_000).map(Double.init)
    let batches = try (0..<4).map { _ in try doubles(numbers) }
    let results = try await FakeSpark().run(WorkerFunctions.identity, on: batches)
    #expect(results.map(\.rowCount) == [500_000, 500_000, 500_000, 500_000])
    #expect(try values(Array(results[3...])) == numbers)
  }
}

/// Runs `task` on `connection` without blocking the test's thread.
func on(
  _ connection: FakeSparkConnection, _ task: FakeSparkTask, _ batches: [RecordBatch]
) async throws -> FakeSparkConnection.Outcome {
  try await Thread.run {
    try connection.run(task, on: batches, schema: batches.first?.schema ?? doubleSchema)
  }
}
