import Foundation
import Needletail

/// A program whose command line names what it tries on a Spark; it ends with 0 if all was as it
/// should be. `IntegrationProgram SCENARIO --remote URL [--folder DIR]`
@main
struct IntegrationProgram: SparkProgram {
  static let functions: [any UserDefinedFunction] =
    [
      scaled, added, rowSums, powers, judged, judgedRows, refusing, short, slow, dying, processes,
      evens, pixels, asking, unchanged, longs, StrangersModels.ofClosure, drawn, drawnNumber,
      counted,
    ] + Semantics.functions + WorkerDeath.functions + Scans.functions

  static func run(_ spark: SparkSession) async throws {
    guard let scenario = CommandLine.arguments.dropFirst().first,
      let body = scenarios[scenario]
    else { throw Refusal(description: "scenarios: \(scenarios.keys.sorted())") }
    try await body(spark)
  }

  static let scenarios: [String: @Sendable (SparkSession) async throws -> Void] = [
    "columns": columns, "batches": batches, "errors": errors, "cancel": cancel, "crash": crash,
    "checks": checks, "sessions": sessions, "pid": pid, "predicting": predicting,
    "semantics": Semantics.run, "malformed": Malformed.run, "resources": resources,
    "models": StrangersModels.run,
    "once": OncePerRow.run, "scan": Scans.run, "scan-executor-killed": Scans.executorKilled,
    "tables": TableReads.run, "types": Types.run,
  ].merging(NodeServing.scenarios) { first, _ in first }
    .merging(WorkerDeath.scenarios) { first, _ in first }

  /// What follows `name` on the command line.
  static func option(_ name: String) throws -> String {
    let words = CommandLine.arguments
    guard let at = words.firstIndex(of: name), at + 1 < words.count else {
      throw Refusal(description: "\(name) is missing")
    }
    return words[at + 1]
  }

  /// Whether Spark's own Python passes the batches on.
  static var isBehindPython: Bool {
    let environment = ProcessInfo.processInfo.environment
    return environment["NEEDLETAIL_EXECUTION_MODE"] == "shim"
      || environment["NEEDLETAIL_TEST_CLUSTERS"] == "refusing"
  }

  static func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw Refusal(description: "not as expected: \(message())") }
  }

  /// Every form of input and result, over several partitions and batches.
  @Sendable static func columns(_ spark: SparkSession) async throws {
    let table = spark.range(0, 23, partitions: 3)
      .withColumn("x", col("id").cast(.double)).withColumn("y", col("id").cast(.float))
      .withColumn("grid", expr("array(y, y, y, 1F)"))
      .withColumn("text", expr("repeat('a', cast(id % 6 as int))"))
    let rows =
      try await table
      .withColumn("scaled", scaled(Scale(factor: 2.5), "x"))
      .withColumn("again", scaled(Scale(factor: 2), scaled(Scale(factor: 3), "id")))
      .withColumn("added", added("x", "y"))
      .withColumn("fields", added(structure("x", "y")))
      .withColumn("sums", rowSums("grid"))
      .withColumn("powers", powers("id"))
      .withColumn("judged", judged("text"))
      .withColumn("rows", judgedRows("text"))
      .orderBy("id").collect()
    try expect(rows.count == 23, "\(rows.count) rows")
    for row in rows {
      let x = Double(try row.get("id", as: Int.self))
      try expect(try row.get("scaled") == x * 2.5, "scaled of \(row)")
      try expect(try row.get("again") == x * 6, "again of \(row)")
      try expect(try row.get("added") == x * 2, "added of \(row)")
      try expect(try row.get("fields") == x * 2, "fields of \(row)")
      try expect(try row.get("sums") == Float(x) * 3 + 1, "sums of \(row)")
      try expect(try row.get("powers") == [Float(x), Float(x * x)], "powers of \(row)")
      let length = Int(x) % 6
      let wanted = ArrowValue.structure([
        .string(length > 3 ? "LONG" : "SHORT"), .float(Double(length)),
      ])
      try expect(row["judged"] == wanted, "judged of \(row)")
      try expect(row["rows"] == wanted, "rows of \(row)")
    }
    // A partition without rows, and one row alone.
    let few = try await spark.range(0, 1, partitions: 4).select(
      scaled(Scale(factor: 2), "id").as("s")
    )
    .collect()
    try expect(few.count == 1, "\(few)")
  }

  @Sendable static func batches(_ spark: SparkSession) async throws {
    let rows = try await spark.range(0, 10, partitions: 2).mapBatches(evens).orderBy("id").collect()
    let pairs = try rows.map {
      [try $0.get("id", as: Int.self), try $0.get("twice", as: Int.self)]
    }
    try expect(pairs == [[0, 0], [2, 4], [4, 8], [6, 12], [8, 16]], "\(pairs)")
    try await inlineBatches(spark)
    try await pruning(spark)
    try await layouts(spark)
  }

  /// A function of batches sees all columns, however few of its own are used.
  static func pruning(_ spark: SparkSession) async throws {
    let table = spark.range(0, 6, partitions: 2).withColumn("a`b.c", col("id")).select("*")
    func widths() async throws -> DataFrame {
      try await table.mapBatches("widths", returning: ["n": .long, "m": .long]) { batches in
        batches.map {
          let width = Array(repeating: Int64($0.columns.count), count: $0.rowCount)
          return try RecordBatch([("n", .numbers(width)), ("m", .numbers(width))])
        }
      }
    }
    let one = try await widths().select("n").collect().map { try $0.get("n", as: Int.self) }
    try expect(one == Array(repeating: 2, count: 6), "\(one)")
    let count = try await spark.range(0, 10, partitions: 2).mapBatches(evens).count()
    try expect(count == 5, "\(count) rows")
    let twins = spark.range(1).select(col("id"), col("id"))
    let said = await failure {
      _ = try await twins.mapBatches("twins", returning: ["id": .long]) { $0 }
    }
    try expect(said.contains("two columns called 'id'"), said)
  }

  /// Closures where they are used: with batches in parts, all at once, and with captured values.
  static func inlineBatches(_ spark: SparkSession) async throws {
    let table = spark.range(0, 10, partitions: 2)
    let odd = try await table.mapBatches("odd", returning: ["id": .long], isBarrier: true) {
      batches in
      batches.map { batch in
        let ids = try batch.columns[0].tensor(of: Int64.self).scalars.filter { $0 % 2 == 1 }
        return try RecordBatch([("id", .numbers(ids))])
      }
    }.orderBy("id").collect()
    try expect(try odd.map { try $0.get("id", as: Int.self) } == [1, 3, 5, 7, 9], "\(odd)")
    let counted = try await table.mapBatches("counted", returning: ["rows": .long]) { batches in
      var rows = 0
      for try await batch in batches { rows += batch.rowCount }
      let total = rows
      return AsyncThrowingStream<RecordBatch, any Error> {
        $0.yield(with: Result { try RecordBatch([("rows", .numbers([Int64(total)]))]) })
        $0.finish()
      }
    }.agg(sum("rows").as("rows")).first()
    try expect(try counted?.get("rows", as: Int.self) == 10, "\(counted as Any)")
    let limit = counted?.values.count ?? 0
    let capturing = try await table.mapBatches("capturing", returning: ["id": .long]) { batches in
      batches.filter { $0.rowCount > limit }
    }
    let said = await failure { _ = try await capturing.collect() }
    try expect(said.contains("captures values"), said)
    let failing = try await table.mapBatches("failing", returning: ["id": .long]) { _ in
      throw Refusal(description: "no batches today")
    }
    let cause = await failure { _ = try await failing.collect() }
    try expect(cause.contains("no batches today") && cause.contains("failing"), cause)
  }

  /// Stages with resources of their own, which only clusters have.
  @Sendable static func resources(_ spark: SparkSession) async throws {
    let table = spark.range(0, 8, partitions: 2)
    func ids(_ resources: ResourceProfile) async throws -> [Int] {
      try await table.mapBatches(
        "same", returning: ["id": .long], isBarrier: true, resources: resources
      ) { $0 }.orderBy("id").collect().map { try $0.get("id", as: Int.self) }
    }
    let cores = ResourceProfile(task: .init(cpus: 1))
    let executors = ResourceProfile(executor: .init(cores: 1), task: .init(cpus: 1))
    let gpus = ResourceProfile(task: .init(resources: ["gpu": 1]))
    if try await spark.conf.get("spark.master")?.hasPrefix("local") == true {
      let said = await failure { _ = try await ids(cores) }
      try expect(said.contains("local Spark takes no profiles"), said)
      return try await BatchPredictions.run(spark, nil)
    }
    let all = Array(0..<8)
    let (first, second) = (try await ids(cores), try await ids(cores))
    try expect(first == all && second == all, "\(first), \(second)")
    let evenRows = try await table.mapBatches(evens, resources: cores).collect().count
    try expect(evenRows == 4, "\(evenRows) even rows")
    try await BatchPredictions.run(spark, cores)
    let refused = await failure { _ = try await ids(executors) }
    try expect(refused.contains("spark.dynamicAllocation.enabled=true"), refused)
    let missing = await failure { _ = try await ids(gpus) }
    try expect(missing.contains("spark.executor.resource.NAME.amount"), missing)
  }

  static func failure(_ body: () async throws -> Void) async -> String {
    do {
      try await body()
      return "nothing was thrown"
    } catch {
      return "\(error)"
    }
  }

  /// Errors on executors reach the driver in our words, and the session goes on.
  @Sendable static func errors(_ spark: SparkSession) async throws {
    let numbers = spark.range(0, 10, partitions: 2).withColumn("x", col("id").cast(.double))
    let said = await failure { _ = try await numbers.select(refusing("x")).collect() }
    try expect(said.contains("the oven is cold in row one"), said)
    try expect(said.contains("refusing") && !said.contains("\tat "), said)
    let wrong = await failure { _ = try await numbers.select(short("x")).collect() }
    try expect(wrong.contains("short") && wrong.contains("same length"), wrong)
    let null = await failure {
      _ = try await numbers.withColumn("x", expr("if(id = 7, null, x)")).coalesce(1)
        .select(scaled(Scale(factor: 1), "x")).collect()
    }
    try expect(null.contains("x") && null.contains("7"), null)
    try await columns(spark)
  }

  /// Mistakes that the driver finds before a job starts.
  @Sendable static func checks(_ spark: SparkSession) async throws {
    let table = spark.range(3).withColumn("grid", expr("array(1F, 2F)"))
    let cases: [(DataFrame, String)] = [
      (table.select(unlisted("id")), "functions"),
      (table.select(added("id")), "Model expected 2 inputs, but received 1 columns"),
      (
        table.select(scaled(Scale(factor: 1), "grid")), "Tensor columns require input_tensor_shapes"
      ),
      (table.select(scaled(Scale(factor: 1), "nope")), "nope"),
    ]
    for (query, text) in cases {
      let said = await failure { _ = try await query.collect() }
      try expect(said.contains(text), said)
    }
  }

  /// A cancelled task ends within five seconds, and the slots are free again.
  @Sendable static func cancel(_ spark: SparkSession) async throws {
    let query = spark.range(0, 2000, partitions: 2).select(slow(col("id").cast(.double)))
    let job = Task { try await query.collect() }
    try await Task.sleep(for: .seconds(4))
    let start = ContinuousClock.now
    job.cancel()
    let said = await failure { _ = try await job.value }
    let waited = ContinuousClock.now - start
    try expect(waited < .seconds(5), "cancelled after \(waited): \(said)")
    try expect(said != "nothing was thrown", said)
    // A job for all slots, which has little to do.
    let again = try await spark.range(0, 10, partitions: 2).mapBatches(evens).count()
    try expect(again == 5, "\(again) rows")
    try expect(ContinuousClock.now - start < .seconds(30), "slots were not freed")
  }

  /// A worker that dies by SIGKILL in mid-job: Spark tries its tasks again, and the result is right.
  @Sendable static func crash(_ spark: SparkSession) async throws {
    let marker = Marker(path: NSTemporaryDirectory() + "/needletail-\(UUID().uuidString)")
    let query = spark.range(0, 100, partitions: 4)
      .select(dying(marker, col("id").cast(.double)).as("x")).agg(sum("x").as("sum"))
    let total = try await query.first()?.get("sum", as: Double.self)
    try expect(total == 4950, "\(total ?? .nan)")
    let died = rmdir(marker.path) == 0
    try expect(died, "no worker died")
  }

  /// Two sessions of this program at once.
  @Sendable static func sessions(_ spark: SparkSession) async throws {
    let remote = try option("--remote")
    let other = try await SparkSession.openForFunctions(remote)
    async let first: Void = columns(spark)
    async let second: Void = columns(other)
    _ = try await (first, second)
    await other.stop()
  }

  /// Prints the processes that computed a query.
  @Sendable static func pid(_ spark: SparkSession) async throws {
    let rows = try await spark.range(0, 40, partitions: 4)
      .select(processes(col("id").cast(.double)).as("p")).distinct().collect()
    print(try rows.map { "\(try $0.get("p", as: Int.self))" }.joined(separator: " "))
  }

  /// A model file without code.
  @Sendable static func predicting(_ spark: SparkSession) async throws {
    let folder = try option("--folder")
    let rows = try await spark.read.parquet(folder + "/digits.parquet").predicting(
      .onnx(folder + "/digits.onnx"), outputs: ["probabilities": "p"], batchSize: 100
    ).collect()
    var right = 0
    for row in rows {
      let p = try row.get("p", as: [Float].self)
      if p.indices.max(by: { p[$0] < p[$1] }) == (try row.get("label", as: Int.self)) { right += 1 }
    }
    try expect(rows.count == 1797 && right == 1760, "\(right) of \(rows.count)")
    try await Registered.models(spark, folder)
    try await ResumedPredictions.run(spark, folder)
    try await Streams.predictions(spark, folder)
  }
}
