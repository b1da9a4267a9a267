import FoundationEssentials
import Glibc
import Needletail

/// Gives its input back, and notes in a file how many rows it has seen.
let counted = PredictBatchUDF(
  "counted", returning: .double, batchSize: 64, parameters: String.self
) { _, file in
  return { (x: Tensor<Double>) -> Tensor<Double> in
    try RowNotes.add(x.count, to: file)
    return x
  }
}

/// Numbers of rows that the processes of executors on this machine leave in a file.
enum RowNotes {
  static func add(_ rows: Int, to path: String) throws {
    // One write to the end is one line, whoever else writes.
    guard let file = fopen(path, "a") else { throw Refusal(description: "no file \(path)") }
    defer { fclose(file) }
    setvbuf(file, nil, _IOFBF, 4096)
    _ = fputs("\(rows)\n", file)
  }

  static func total(_ path: String) -> Int {
    let text = (try? String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").reduce(0) { $0 + (Int($1) ?? 0) }
  }
}

/// Functions and models that queries call by name, and how many rows they see.
enum Registered {
  /// Whether the server takes functions over whole batches alone, which SQL cannot call: then it is so told.
  private static func areRefused(_ spark: SparkSession, _ file: String) async throws -> Bool {
    guard IntegrationProgram.isBehindPython, spark.majorMinorVersion.minor == 0 else {
      return false
    }
    let said = await IntegrationProgram.failure {
      _ = try await spark.udf.register(counted, file, as: "seen")
    }
    try IntegrationProgram.expect(said.contains("'seen' gives a column in a place for which"), said)
    return true
  }

  /// A model sees each row once, whatever filters its predictions.
  static func counts(_ spark: SparkSession) async throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("needletail-rows-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    if try await areRefused(spark, file) { return }
    let ids = spark.range(0, 2000, partitions: 3)
    try await ids.createOrReplaceTempView("ids")
    let made = try await spark.udf.register(counted, file, as: "seen")
    try IntegrationProgram.expect(made.description == "seen(...) -> double", "\(made)")
    var before = 0
    func expect(_ rows: Int, seeing seen: Int, _ what: String, _ table: DataFrame) async throws {
      let count = try await table.collect().count
      let total = RowNotes.total(file)
      try IntegrationProgram.expect(
        count == rows && total - before == seen, "\(what): \(count) rows, \(total - before) seen")
      before = total
    }
    let table = ids.withColumn("p", counted(file, "id"))
    try await expect(1000, seeing: 2000, "a filter", table.filter(col("p") >= 1000))
    try await expect(
      500, seeing: 2000, "two filters and columns of the prediction",
      table.filter(col("p") >= 1000).withColumn("q", col("p") * 2).filter(col("q") < 3000))
    try await expect(
      1000, seeing: 2000, "a subquery",
      spark.sql("SELECT * FROM (SELECT id, seen(id) AS p FROM ids) WHERE p >= 1000"))
    try await expect(
      1000, seeing: 2000, "WHERE", spark.sql("SELECT id FROM ids WHERE seen(id) >= 1000"))
    try await expect(
      10, seeing: 2000, "selectExpr", ids.selectExpr("seen(id) AS p").filter("p < 10"))
    try await expect(
      2, seeing: 2000, "GROUP BY",
      spark.sql("SELECT p > 7, count(*) FROM (SELECT seen(id) AS p FROM ids) GROUP BY 1"))
    let said = await IntegrationProgram.failure {
      _ = try await spark.sql("SELECT sum(seen(id)) FROM ids").collect()
    }
    try IntegrationProgram.expect(said.lowercased().contains("deterministic"), said)
  }

  /// A model that SQL calls predicts what it predicts as a column.
  static func models(_ spark: SparkSession, _ folder: String) async throws {
    if try await areRefused(spark, folder) { return }
    let digits = spark.read.parquet(folder + "/digits.parquet")
    try await digits.createOrReplaceTempView("digits")
    let model = ModelSource.onnx(folder + "/digits.onnx")
    let made = try await spark.register("digit", model, batchSize: 100)
    try IntegrationProgram.expect(
      made.description == "digit(pixels array<float>) -> array<float>", "\(made)")
    let predicted = try await digits.predicting(
      model, outputs: ["probabilities": "p"], batchSize: 100
    ).select("id", "p").orderBy("id").collect()
    let called = try await spark.sql("SELECT id, digit(pixels) AS p FROM digits ORDER BY id")
      .collect()
    try IntegrationProgram.expect(
      called.map(\.values) == predicted.map(\.values), "calls differ from predictions")
    // A struct, of rows that have no prediction too.
    try await spark.register("checked", model, errors: .column("why"))
    let odd = try await spark.sql(
      "SELECT checked(array(1F)).why, checked(array(1F)).probabilities, checked(pixels).why FROM digits LIMIT 1"
    ).collect()
    guard case .string(let why)? = odd.first?[0] else { throw Refusal(description: "\(odd)") }
    try IntegrationProgram.expect(
      why.contains("64") && odd[0][1] == .null && odd[0][2] == .null, why)
    let failure = await IntegrationProgram.failure {
      _ = try await spark.sql("SELECT digit(id) FROM digits").collect()
    }
    try IntegrationProgram.expect(failure.contains("pixels"), failure)
    let said = await IntegrationProgram.failure {
      _ = try await spark.sql("SELECT digit(pixels, id) FROM digits").collect()
    }
    try IntegrationProgram.expect(said.contains("takes 1: (pixels)"), said)
  }
}
