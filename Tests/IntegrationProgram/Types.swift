import Foundation
import Needletail

/// Columns of types that models do not take, beside a prediction and through closures.
enum Types {
  /// Each column in SQL, with the first Spark that has it, as the minor version behind 4.
  private static let columns: [(sql: String, since: Int)] = [
    ("parse_json('{\"a\": 1}')", 0), ("interval '1' day", 0), ("interval '2' month", 0),
    ("interval '1:02' hour to minute", 0), ("make_interval(1,2,3,4,5,6,7.5)", 0),
    ("timestamp_ntz'2024-01-02 03:04:05.123456'", 0), ("timestamp'2024-01-02 03:04:05'", 0),
    ("cast('abc' as char(5))", 0), ("cast('abc' as varchar(5))", 0), ("'x' collate UNICODE_CI", 0),
    ("1.50BD", 0), ("map('a', array(1))", 0), ("array(named_struct('d', date'2024-02-29'))", 0),
    ("time'12:34:56.123456'", 1), ("array(time'01:02:03')", 1),
    ("st_geomfromwkb(X'0101000000000000000000F03F0000000000000040')", 3),
    ("st_geogfromwkb(X'0101000000000000000000F03F0000000000000040')", 3),
    ("cast('2024-01-02 03:04:05.123456789' as timestamp_ntz(9))", 3),
  ]

  /// Whether Spark's own Python has no such values.
  private static func isUnknownToPython(_ sql: String, _ minor: Int) -> Bool {
    sql.hasSuffix(" month") || sql.contains("timestamp_ntz(")
      || minor < 2 && sql.hasPrefix("make_interval")
  }

  @Sendable static func run(_ spark: SparkSession) async throws {
    let folder = try IntegrationProgram.option("--folder")
    let minor = spark.majorMinorVersion.minor
    if minor >= 1 { try await spark.conf.set("spark.sql.timeType.enabled", "true") }
    if minor >= 3 { try await spark.conf.set("spark.sql.timestampNanosTypes.enabled", "true") }
    try await ClientCalls.run(spark)
    let images = spark.read.parquet(folder + "/digits.parquet").filter("id < 10")
      .select("id", "pixels")
    let source = ModelSource.onnx(folder + "/digits.onnx")
    let model = try await source.load()
    var failures: [String] = []
    for column in columns where column.since <= minor {
      let table = images.withColumn("c", expr("if(id = 3, null, \(column.sql))"))
      do {
        try await check(table, source, model)
        if isUnknownToPython(column.sql, minor), IntegrationProgram.isBehindPython {
          failures.append("\(column.sql): passed, and should be refused")
        }
      } catch let error as SparkError
        where IntegrationProgram.isBehindPython && isUnknownToPython(column.sql, minor)
        && "\(error)".contains("Spark's own Python cannot pass")
      {
        continue
      } catch {
        failures.append("\(column.sql): \(error)")
      }
    }
    try await failures += vectors(spark, images, source, model)
    try IntegrationProgram.expect(failures.isEmpty, failures.joined(separator: "\n"))
  }

  private static func check(
    _ table: DataFrame, _ source: ModelSource, _ model: any Model
  ) async throws {
    let wanted = try await table.select("id", "c").orderBy("id").collect().map { $0[1] }
    let type = try await table.schema()["c"]?.type
    try IntegrationProgram.expect(
      wanted.count == 10 && wanted[3] == .null && wanted[4] != .null, "\(wanted)")
    for form in [PredictionForm.columns, .batches(nil)] {
      let predicted = try await table.predicting(
        source, loaded: model, PredictionRequest(outputs: ["probabilities": "p"]), as: form)
      try IntegrationProgram.expect(
        try await predicted.schema()["c"]?.type == type, "\(form): the type")
      let found = try await predicted.orderBy("id").collect().map { $0["c"] }
      try IntegrationProgram.expect(found == wanted, "\(form): \(found)")
      // Where nothing reads the column it may be anything.
      let few = try await predicted.select("id", "p").count()
      try IntegrationProgram.expect(few == 10, "\(form): \(few) rows")
    }
    let same = try await table.select("id", "c").mapBatches(
      "same", returning: try await table.select("id", "c").schema()
    ) { batches in batches.map { $0 } }
    try IntegrationProgram.expect(try await same.schema()["c"]?.type == type, "a closure: the type")
    let passed = try await same.orderBy("id").collect().map { $0[1] }
    try IntegrationProgram.expect(passed == wanted, "a closure: \(passed)")
  }

  /// Vectors of Spark ML pass as what they are, and feed a model.
  private static func vectors(
    _ spark: SparkSession, _ images: DataFrame, _ source: ModelSource, _ model: any Model
  ) async throws -> [String] {
    let table = images.withColumn("c", arrayToVector(col("pixels").cast(.array(.double))))
      .withColumn("c", when(col("id") == 3, null(.null)).otherwise(col("c")))
    do {
      try await check(table, source, model)
      let renamed = images.select("id", arrayToVector(col("pixels").cast(.array(.double))).as("v"))
      // A model takes them as arrays.
      for form in [PredictionForm.columns, .batches(nil)] {
        let predicted = try await renamed.predicting(
          source, loaded: model,
          PredictionRequest(inputs: ["pixels": "v"], outputs: ["probabilities": "p"]), as: form)
        let names = try await predicted.columns
        try IntegrationProgram.expect(names == ["id", "v", "p"], "\(names)")
        let rows = try await predicted.orderBy("id").collect().map { $0["p"] }
        let direct = try await images.predicting(source, outputs: ["probabilities": "p"])
          .orderBy("id").collect().map { $0["p"] }
        try IntegrationProgram.expect(rows == direct, "predictions of vectors: \(rows)")
      }
      return []
    } catch {
      return ["vectors: \(error)"]
    }
  }
}
