import Needletail

/// What the client asks of a server besides predictions.
enum ClientCalls {
  static func run(_ spark: SparkSession) async throws {
    let table = spark.range(0, 100, partitions: 2).select(
      "id", (col("id") % 3).as("k"), expr("if(id % 10 = 0, null, id)").as("n"))
    try await windows(table)
    try await statistics(table)
    try await observations(table)
    try await catalog(spark, table)
    try await clones(spark)
  }

  private static func windows(_ table: DataFrame) async throws {
    let order = Window.partitionBy("k").orderBy("id")
    let rows = try await table.withColumn("s", sum("id").over(order.rowsBetween(-1, 0)))
      .withColumn("place", rowNumber().over(order)).filter("id = 99").collect()
    try IntegrationProgram.expect(
      rows[0]["s"] == .int(195) && rows[0]["place"] == .int(34), "\(rows)")
    let pivot = try await table.groupBy().pivot("k", [0, 1]).agg(count().as("c")).collect()
    try IntegrationProgram.expect(pivot[0].values == [.int(34), .int(33)], "\(pivot)")
  }

  private static func statistics(_ table: DataFrame) async throws {
    let median = try await table.stat.approxQuantile("id", [0, 0.5, 1], relativeError: 0)
    try IntegrationProgram.expect(median == [0, 49, 99], "\(median)")
    let corr = try await table.withColumn("m", col("id") * -2).stat.corr("id", "m")
    try IntegrationProgram.expect((-1.0001 ... -0.9999).contains(corr), "\(corr)")
    let cross = try await table.stat.crosstab("k", "k").count()
    let frequent = try await table.stat.freqItems(["k"], support: 0.3).columns
    try IntegrationProgram.expect(cross == 3 && frequent == ["k_freqItems"], "\(cross) \(frequent)")
    let full = try await table.na.drop(in: "n").count()
    let filled = try await table.na.fill(["n": -1]).filter("n = -1").count()
    let replaced = try await table.na.replace(1, with: 7, in: "k").filter("k = 7").count()
    try IntegrationProgram.expect(
      full == 90 && filled == 10 && replaced == 33, "\(full) \(filled) \(replaced)")
  }

  private static func observations(_ table: DataFrame) async throws {
    let seen = Observation("seen")
    _ = try await table.observe(seen, count().as("rows"), max("id").as("top"), avg("id").as("mean"))
      .filter("id > 90").collect()
    let row = seen.row
    try IntegrationProgram.expect(
      row?["rows"] == .int(100) && row?["top"] == .int(99) && row?["mean"] == .float(49.5),
      "\(String(describing: row))")
  }

  private static func catalog(_ spark: SparkSession, _ table: DataFrame) async throws {
    try await table.createOrReplaceTempView("some")
    let isThere = try await spark.catalog.tableExists("some")
    let names = try await spark.catalog.listTables().collect().map {
      try $0.get("name", as: String.self)
    }
    let database = try await spark.catalog.currentDatabase()
    try IntegrationProgram.expect(
      isThere && names.contains("some") && database == "default", "\(names)")
    try await spark.catalog.cacheTable("some")
    let isCached = try await spark.catalog.isCached("some")
    try await spark.catalog.uncacheTable("some")
    let isDropped = try await spark.catalog.dropTempView("some")
    let isKnown = try await spark.catalog.functionExists("abs")
    try IntegrationProgram.expect(isCached && isDropped && isKnown, "\(isCached) \(isDropped)")
  }

  private static func clones(_ spark: SparkSession) async throws {
    guard spark.majorMinorVersion >= (4, 1) else { return }
    try await spark.range(7).createOrReplaceTempView("seven")
    let clone = try await spark.cloneSession()
    let rows = try await clone.table("seven").withColumn("e", scaled(Scale(factor: 2), "id")).agg(
      sum("e")
    ).collect()
    try await clone.range(3).createOrReplaceTempView("seven")
    let own = try await spark.table("seven").count()
    await clone.stop()
    try IntegrationProgram.expect(rows[0][0] == .float(42) && own == 7, "\(rows) \(own)")
  }
}
