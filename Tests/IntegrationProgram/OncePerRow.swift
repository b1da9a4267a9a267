import Foundation
import Needletail

/// Draws a number for each row: no function of its input.
let drawn = PredictBatchUDF(
  "drawn", returning: .struct(["p": .double, "q": .double]), batchSize: 64
) { worker in
  return { (x: Tensor<Double>) -> NamedOutputs in
    let numbers = Tensor<Double>((0..<x.count).map { _ in Double.random(in: 0..<1) })
    return ["p": numbers, "q": numbers]
  }
}

/// The same, as one number.
let drawnNumber = PredictBatchUDF("drawnNumber", returning: .double, batchSize: 64) { worker in
  return { (x: Tensor<Double>) -> Tensor<Double> in
    Tensor((0..<x.count).map { _ in Double.random(in: 0..<1) })
  }
}

/// A prediction is computed once for each row, whatever follows it.
enum OncePerRow {
  @Sendable static func run(_ spark: SparkSession) async throws {
    let ids = spark.range(0, 2000, partitions: 3)
    let drawn = ids.withColumn("r", drawn("id"))
    let table = drawn.select("id", col("r").getField("p").as("p"), col("r").getField("q").as("q"))
    try await filters(table)
    try await combinations(spark, ids, table)
    try await aggregates(ids)
    try await places(ids)
    try await deterministic(ids)
    try await Registered.counts(spark)
    try await Streams.withoutInstallation(spark)
  }

  /// The only row of `table` as numbers.
  private static func numbers(_ table: DataFrame) async throws -> [Double] {
    let rows = try await table.collect()
    return try rows[0].values.indices.map {
      try Row(schema: [StructField("x", rows[0].schema[$0].type)], values: [rows[0][$0]]).get("x")
    }
  }

  /// How often the plan has Spark's node for functions of columns.
  private static func evaluations(_ plan: String) -> Int {
    plan.split(separator: "\n").count { $0.contains("ArrowEvalPython") }
  }

  private static func filters(_ table: DataFrame) async throws {
    let kept = table.filter("p > 0.5")
    let checks = kept.agg(min("p"), expr("sum(if(p > 0.5, 0, 1))"), expr("sum(if(p = q, 0, 1))"))
    let found = try await numbers(checks)
    try IntegrationProgram.expect(
      found[0] > 0.5 && found[1] == 0 && found[2] == 0, "a filter: \(found)")
    let plan = try await checks.explain()
    try IntegrationProgram.expect(evaluations(plan) == 1, plan)

    let twice = kept.filter("q < 0.75").withColumn("twice", col("p") * 2)
      .withColumn("back", col("twice") - col("p") - col("p"))
    let chain = try await numbers(twice.agg(min("p"), max("q"), sum("back")))
    try IntegrationProgram.expect(
      chain[0] > 0.5 && chain[1] < 0.75 && chain[2] == 0, "a chain: \(chain)")

    let both = table.select((col("p") + 1).as("a"), (col("p") + 1).as("b"), "q")
    let equal = try await numbers(both.agg(expr("sum(if(a = b and a = q + 1, 0, 1))")))
    try IntegrationProgram.expect(equal == [0], "two expressions: \(equal)")
  }

  private static func combinations(
    _ spark: SparkSession, _ ids: DataFrame, _ table: DataFrame
  ) async throws {
    let joined = table.join(ids, on: ["id"]).filter("p > 0.5")
    let found = try await numbers(joined.agg(min("p"), expr("sum(if(p = q, 0, 1))")))
    try IntegrationProgram.expect(found[0] > 0.5 && found[1] == 0, "a join: \(found)")
    let limits = ids.filter("id < 3").select((col("id") / 4).as("z"))
    let above = table.join(limits, on: col("p") > col("z"))
    let wrong = try await numbers(above.agg(expr("sum(if(p > z, 0, 1))")))
    try IntegrationProgram.expect(wrong == [0], "a join on a prediction: \(wrong)")

    let sorted = try await table.orderBy("p").select("p", "q").collect()
    let pairs = try sorted.map {
      (try $0.get("p", as: Double.self), try $0.get("q", as: Double.self))
    }
    try IntegrationProgram.expect(
      pairs.allSatisfy { $0 == $1 } && zip(pairs, pairs.dropFirst()).allSatisfy { $0.0 <= $1.0 },
      "an order by a prediction")

    let groups = try await table.groupBy((col("p") > 0.5).as("high"))
      .agg(min("p").as("low"), max("p").as("top")).collect()
    for group in groups {
      let isHigh = try group.get("high", as: Bool.self)
      let range = try group.get("low", as: Double.self)...(try group.get("top", as: Double.self))
      try IntegrationProgram.expect(
        isHigh ? range.lowerBound > 0.5 : range.upperBound <= 0.5, "a group: \(group)")
    }
    try await table.createOrReplaceTempView("drawn")
    let view = try await spark.sql(
      "select min(p), sum(if(p > 0.5 and p = q, 0, 1)) from drawn where p > 0.5")
    let seen = try await numbers(view)
    try IntegrationProgram.expect(seen[0] > 0.5 && seen[1] == 0, "SQL over a view: \(seen)")
  }

  /// Calls where Spark takes none of its own accord.
  private static func aggregates(_ ids: DataFrame) async throws {
    let all = try await numbers(
      ids.agg(min(drawnNumber("id")), max(drawnNumber("id")), sum(drawnNumber("id") * 0 + 1)))
    try IntegrationProgram.expect(all[0] < all[1] && all[2] == 2000, "aggregates: \(all)")
    let named = ids.groupBy((drawnNumber("id") > 0.5).as("k")).agg(
      min(drawnNumber("id")), max(drawnNumber("id")).as("m"))
    let names = try await named.columns
    try IntegrationProgram.expect(names == ["k", "min(drawnNumber(id))", "m"], "\(names)")
    for row in try await named.collect() {
      let isHigh = try row.get("k", as: Bool.self)
      let (low, top) = (
        try row.get("min(drawnNumber(id))", as: Double.self), try row.get("m", as: Double.self)
      )
      try IntegrationProgram.expect(
        isHigh ? low > 0.5 : top <= 0.5, "a group by a prediction: \(row)")
    }
    let said = await IntegrationProgram.failure {
      _ = try await ids.join(ids, on: drawnNumber("id") > 0.5).count()
    }
    try IntegrationProgram.expect(said.contains("drawnNumber") && said.contains("withColumn"), said)
  }

  /// Calls in other places than a column of their own.
  private static func places(_ ids: DataFrame) async throws {
    let fields = ids.select(
      drawn("id").getField("p").as("p"), drawn("id").getField("q").as("q"), "*")
    let names = try await fields.columns
    try IntegrationProgram.expect(names == ["p", "q", "id"], "\(names)")
    let plan = try await fields.explain()
    try IntegrationProgram.expect(evaluations(plan) == 1, plan)
    let equal = try await numbers(fields.agg(expr("sum(if(p = q, 0, 1))")))
    try IntegrationProgram.expect(equal == [0], "two fields of a call: \(equal)")
    let between = try await ids.filter(drawnNumber("id").between(0.25, 0.75)).count()
    try IntegrationProgram.expect((800...1200).contains(between), "a filter by a call: \(between)")
    let rows = try await ids.withColumns([("a", drawnNumber("id")), ("b", drawnNumber("id"))])
      .filter("a > 0.5").agg(expr("min(b)"), expr("sum(if(a = b, 0, 1))")).collect()
    try IntegrationProgram.expect(rows[0][1] == .int(0), "two columns of a call: \(rows)")
    _ = try await ids.orderBy(drawnNumber("id")).limit(3).collect()
    _ = try await ids.repartition(2, drawnNumber("id")).count()
  }

  /// A function that says that it is deterministic leaves filters on other columns to Spark.
  private static func deterministic(_ ids: DataFrame) async throws {
    let scale = scaled.asDeterministic()
    func filterIsBelow(_ table: DataFrame) async throws -> Bool {
      let plan = try await table.filter("id > 1990").explain()
      guard let filter = plan.range(of: "Filter"), let call = plan.range(of: "ArrowEvalPython")
      else { throw Refusal(description: plan) }
      // The plan shows what is computed first last.
      return filter.lowerBound > call.lowerBound
    }
    let declared = ids.withColumn("s", scale(Scale(factor: 2), col("id").cast(.double)))
    let isMoved = try await filterIsBelow(declared)
    try IntegrationProgram.expect(isMoved, "a filter before a deterministic function")
    let plain = ids.withColumn("s", scaled(Scale(factor: 2), col("id").cast(.double)))
    let isMovedToo = try await filterIsBelow(plain)
    try IntegrationProgram.expect(!isMovedToo, "no filter before another function")
    let sums = try await numbers(declared.agg(sum(scale(Scale(factor: 1), col("s")))))
    try IntegrationProgram.expect(sums == [2 * 1999 * 1000], "\(sums)")
  }
}
