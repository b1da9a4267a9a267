import FoundationEssentials
import Needletail

/// Predictions that go on where an earlier run broke off.
enum ResumedPredictions {
  /// How many rows are asked for, and in how many parts.
  private static let (rows, parts) = (300, 3)

  /// - Parameter folder: the one with the digits and their model.
  static func run(_ spark: SparkSession, _ folder: String) async throws {
    // Of this machine, which the executors of the tests see too.
    let output = FileManager.default.temporaryDirectory
      .appendingPathComponent("needletail-resumed-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: output) }
    let digits = spark.read.parquet(folder + "/digits.parquet").filter("id < \(rows)")
    let source = ModelSource.onnx(folder + "/digits.onnx")
    try await broken(digits, source, output + "/broken")
    // Once is enough.
    if try await spark.conf.get("spark.master")?.hasPrefix("local") == true {
      try await redone(digits, source, output + "/redone")
    }
  }

  /// The digits without the pixels of some rows of the last part.
  private static func gaps(_ digits: DataFrame) -> DataFrame {
    digits.withColumn(
      "pixels",
      expr("if(pmod(xxhash64(id), \(parts)) = \(parts - 1) and id % 9 = 0, null, pixels)"))
  }

  /// Parts that were whole stay, and the others are added.
  private static func broken(
    _ digits: DataFrame, _ source: ModelSource, _ output: String
  ) async throws {
    func predicted(
      _ table: DataFrame, _ transforms: [String: OutputTransform] = [:]
    ) async throws -> DataFrame {
      try await table.predicting(
        source, outputs: ["probabilities": "p"], transforms: transforms
      ).select(col("id").as("number"), "p")
    }
    let whole = try await predicted(digits)
    let first = try await predicted(gaps(digits))
    let said = await IntegrationProgram.failure {
      try await first.write.resume(key: "number", partRows: rows / parts).parquet(output)
    }
    try IntegrationProgram.expect(said.contains("the value is null"), said)
    let kept = try await digits.session.read.parquet(output).count()
    try IntegrationProgram.expect(kept > 0 && kept < rows, "\(kept) rows stayed")

    let summary = try await whole.write.resume(key: "number", partRows: rows).parquet(output)
    try IntegrationProgram.expect(
      summary.skipped == kept && summary.rows == rows - kept && summary.redone == 0, "\(summary)")
    let read = digits.session.read.parquet(output)
    let (found, wanted) = (
      try await read.orderBy("number").collect(), try await whole.orderBy("number").collect()
    )
    try IntegrationProgram.expect(found.count == wanted.count, "\(found.count) rows")
    for (one, other) in zip(found, wanted) {
      let (p, q) = (try one.get("p", as: [Float].self), try other.get("p", as: [Float].self))
      try IntegrationProgram.expect(
        one[0] == other[0] && p.count == q.count && zip(p, q).allSatisfy { abs($0 - $1) < 1e-6 },
        "\(one.values), undisturbed \(other.values)")
    }
    let asked = try await predicted(digits, ["probabilities": .argmax])
    let computed = whole.withColumn("number", col("number") + 1)
    for (table, key, expected) in [
      (asked, "number", "was begun with transform probabilities none"),
      (whole, "p", "the key 'p' is computed"), (computed, "number", "the key 'number' is computed"),
      (whole.limit(3), "number", "the table has a limit"),
      (whole, "id", "has no column 'id'"),
    ] {
      let said = await IntegrationProgram.failure {
        try await table.write.resume(key: key).parquet(output)
      }
      try IntegrationProgram.expect(said.contains(expected), said)
    }
  }

  /// Rows with an error count as not done.
  private static func redone(
    _ digits: DataFrame, _ source: ModelSource, _ output: String
  ) async throws {
    func write(_ table: DataFrame) async throws -> ResumeSummary {
      try await table.predicting(source, errors: .column("why")).drop("pixels").write
        .resume(key: "id", partRows: rows).parquet(output)
    }
    let spark = digits.session
    let first = try await write(gaps(digits))
    let failed = try await spark.read.parquet(output).filter("why is not null").count()
    try IntegrationProgram.expect(first.rows == rows && failed > 0, "\(failed) of \(first)")
    let isOfThisProcess = spark.isOfThisProcess
    defer { spark.isOfThisProcess = isOfThisProcess }
    spark.isOfThisProcess = false
    let said = await IntegrationProgram.failure { _ = try await write(digits) }
    try IntegrationProgram.expect(
      said.contains("\(failed) rows of") && said.contains("LocalTable"), said)
    guard EngineChoice.missingFileLibrary() == nil else { return }
    // As if the program had started Spark: nobody else writes to its folders then.
    spark.isOfThisProcess = true
    let second = try await write(digits)
    try IntegrationProgram.expect(
      second.rows == failed && second.redone == failed && second.skipped == rows - failed,
      "\(second)")
    let left = try await spark.read.parquet(output).agg(
      count().as("rows"), expr("count(distinct id)"), expr("count(why)")
    ).collect()
    try IntegrationProgram.expect(
      left[0].values == [.int(Int64(rows)), .int(Int64(rows)), .int(0)], "\(left[0].values)")
  }
}
