import Foundation
import Needletail

/// What is left when worker processes die: the jobs that come later, and those beside them.
enum WorkerDeath {
  static let functions: [any UserDefinedFunction] = [trapping, faulting]

  static let scenarios: [String: @Sendable (SparkSession) async throws -> Void] = [
    "trap-then-next": trapThenNext, "worker-killed": workerKilled, "innocent": innocent,
  ]

  /// Ends its process as an error in a program of Swift does.
  static let trapping = PredictBatchUDF("trapping", returning: .double, batchSize: 4) { worker in
    return { (x: Tensor<Double>) -> Tensor<Double> in
      if x.count > 0 { fatalError("the oven has exploded") }
      return x
    }
  }

  /// Ends its process as an error in native code does.
  static let faulting = PredictBatchUDF("faulting", returning: .double, batchSize: 4) { worker in
    return { (x: Tensor<Double>) -> Tensor<Double> in
      // No memory is there.
      UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = x.count
      return x
    }
  }

  private static func total(_ query: DataFrame) async throws -> Double? {
    try await query.first()?.get("sum", as: Double.self)
  }

  /// A job of one task, which uses at most one of the connections that Spark keeps.
  private static func checkOneTask(_ spark: SparkSession) async throws {
    let result = try await total(
      spark.range(0, 10, partitions: 1)
        .select(scaled(Scale(factor: 2), col("id").cast(.double)).as("x"))
        .agg(sum("x").as("sum")))
    try IntegrationProgram.expect(result == 90, "\(result ?? .nan)")
  }

  private static func processIDs(_ spark: SparkSession) async throws -> [Int32] {
    try await spark.range(0, 40, partitions: 4)
      .select(processes(col("id").cast(.double)).as("p")).distinct().collect()
      .map { Int32(try $0.get("p", as: Int.self)) }
  }

  /// The process ends for both tasks of the job; where the second has not yet told what it computes,
  /// its error names the function as that of the task beside it.
  @Sendable static func trapThenNext(_ spark: SparkSession) async throws {
    for _ in 0..<2 {
      let said = await IntegrationProgram.failure {
        _ = try await spark.range(0, 40, partitions: 2)
          .select(trapping(col("id").cast(.double))).collect()
      }
      try IntegrationProgram.expect(
        said.contains("[WORKER_LOST] ") && said.contains("the oven has exploded")
          && (said.contains("[WORKER_LOST] trapping: ")
            || said.contains("(it also ran 1 other task, of trapping: ")),
        said)
      try await checkOneTask(spark)
      try await IntegrationProgram.columns(spark)
    }
  }

  /// The system kills the worker between two jobs, while Spark keeps connections to it.
  @Sendable static func workerKilled(_ spark: SparkSession) async throws {
    for _ in 0..<3 {
      for process in try await processIDs(spark) {
        kill(process, SIGKILL)
        while kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(5)) }
      }
      try await checkOneTask(spark)
    }
  }

  /// A query that ends its worker in each of its attempts, beside one that is right and takes time.
  @Sendable static func innocent(_ spark: SparkSession) async throws {
    let query = spark.range(0, 120, partitions: 1)
      .select(slow(col("id").cast(.double)).as("x")).agg(sum("x").as("sum"))
    let job = Task { try await total(query) }
    try await Task.sleep(for: .seconds(4))
    let said = await IntegrationProgram.failure {
      _ = try await spark.range(0, 10, partitions: 1)
        .select(faulting(col("id").cast(.double))).collect()
    }
    try IntegrationProgram.expect(said.contains("[WORKER_LOST] faulting: "), said)
    let result = try await job.value
    try IntegrationProgram.expect(result == 7140, "\(result ?? .nan)")
    try await checkOneTask(spark)
  }
}
