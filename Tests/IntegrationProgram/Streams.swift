import FoundationEssentials
import Needletail

/// Streaming queries with functions and models in them.
enum Streams {
  /// A folder of this machine, which the executors of the tests see too.
  private static func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("needletail-stream-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
  }

  /// Where the program came to the executors with the session's files, a stream refuses its functions; a
  /// Spark of one process on this machine starts it from where it is.
  static func withoutInstallation(_ spark: SparkSession) async throws {
    if try await spark.conf.get("spark.master")?.hasPrefix("local") == true {
      return try await withFolder { try await functions(spark, $0) }
    }
    let stream = spark.readStream.format("rate").load()
      .withColumn("s", scaled(Scale(factor: 2), col("value").cast(.double)))
    let said = await IntegrationProgram.failure {
      _ = try await stream.writeStream.format("noop").start()
    }
    let active = try await spark.streams.active
    try IntegrationProgram.expect(
      said.contains("streaming query") && said.contains("NEEDLETAIL_WORKER") && active.isEmpty, said
    )
  }

  private static func functions(_ spark: SparkSession, _ folder: String) async throws {
    let (input, output) = (folder + "/in", folder + "/out")
    try await spark.range(0, 40, partitions: 2).write.parquet(input)
    let table = spark.readStream.schema("id bigint").parquet(input)
    let isStreaming = try await table.isStreaming
    let isBatchStreaming = try await spark.range(3).isStreaming
    try IntegrationProgram.expect(isStreaming && !isBatchStreaming, "which is the stream")
    let writer = table.withColumn("s", scaled(Scale(factor: 2), col("id").cast(.double)))
      .writeStream.format("parquet").option("checkpointLocation", folder + "/state")
      .trigger(.availableNow).queryName("scaled")
    let query = try await writer.start(output)
    var rows = 0
    for try await progress in query.progress(every: .milliseconds(100)) {
      rows += progress.numInputRows
    }
    let isActive = try await query.isActive
    let failure = try await query.exception()
    try IntegrationProgram.expect(
      rows == 40 && !isActive && failure == nil && query.name == "scaled", "\(rows) rows")
    // Started again it goes on behind what it has written.
    try await spark.range(40, 50, partitions: 1).write.mode(.append).parquet(input)
    let again = try await writer.start(output)
    try await again.awaitTermination()
    let last = try await again.lastProgress
    let written = try await spark.read.parquet(output).agg(count(), sum("s")).collect()
    try IntegrationProgram.expect(
      again.id == query.id && again.runID != query.runID && last?.numInputRows == 10
        && written[0].values == [.int(50), .float(2450)], "\(written) \(String(describing: last))")
    try await failures(table)
    try await stopped(spark)
  }

  /// What a function says on an executor is told by the query.
  private static func failures(_ table: DataFrame) async throws {
    let query = try await table.select(refusing(col("id").cast(.double))).writeStream
      .format("noop").trigger(.availableNow).start()
    let said = await IntegrationProgram.failure { try await query.awaitTermination() }
    let told = try await query.exception().map { "\($0)" } ?? ""
    try IntegrationProgram.expect(
      said.contains("oven is cold") && told.contains("oven is cold"), "\(said)\n\(told)")
  }

  private static func stopped(_ spark: SparkSession) async throws {
    try await spark.streams.resetTerminated()
    let query = try await spark.readStream.format("rate").load().writeStream.format("noop")
      .trigger(.processingTime(.milliseconds(100))).start()
    let hasEnded = try await query.awaitTermination(timeout: .milliseconds(300))
    let active = try await spark.streams.active.map(\.id)
    let found = try await spark.streams.get(query.id)?.runID
    try await query.stop()
    let isActive = try await query.isActive
    let left = try await spark.streams.active.count
    try IntegrationProgram.expect(
      !hasEnded && active == [query.id] && found == query.runID && !isActive && left == 0,
      "\(hasEnded) \(active) \(String(describing: found)) \(isActive) \(left)")
  }

  /// A model, which the executors of a stream read where it lies.
  static func predictions(_ spark: SparkSession, _ digits: String) async throws {
    try await withFolder { folder in
      let table = spark.read.parquet(digits + "/digits.parquet")
      try await table.repartition(2).write.parquet(folder)
      let stream = spark.readStream.schema(try await table.schema()).parquet(folder)
      let query = try await stream.predicting(
        .onnx(digits + "/digits.onnx"), outputs: ["probabilities": "p"], batchSize: 100
      ).select("label", "p").writeStream.format("memory").queryName("streamed")
        .trigger(.availableNow).start()
      try await query.awaitTermination()
      let rows = try await spark.table("streamed").collect()
      let right = try rows.filter { row in
        let p = try row.get("p", as: [Float].self)
        return p.indices.max { p[$0] < p[$1] } == (try row.get("label", as: Int.self))
      }.count
      try IntegrationProgram.expect(
        rows.count == 1797 && right == 1760, "\(right) of \(rows.count) in a stream")
    }
  }
}
