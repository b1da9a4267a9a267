import Foundation
import Needletail

/// Files that workers read themselves, beside the same files as Spark reads them.
enum Scans {
  static let functions: [any UserDefinedFunction] = [halved, fatal, shown, touching, killing]

  static let halved = PredictBatchUDF("halved", returning: .double, batchSize: 7, nulls: .skip) {
    worker in
    return { (x: Tensor<Double>) -> Tensor<Double> in x.map { $0 / 2 } }
  }

  /// Kills its own process once, as `dying`.
  static let fatal = PredictBatchUDF(
    "fatal", returning: .double, batchSize: 4, nulls: .skip, parameters: Marker.self
  ) { worker, marker in
    return { (x: Tensor<Double>) -> Tensor<Double> in
      if mkdir(marker.path, 0o700) == 0 { kill(getpid(), SIGKILL) }
      return x
    }
  }

  /// Kills the executor that its process belongs to, once.
  static let killing = PredictBatchUDF(
    "killing", returning: .double, batchSize: 4, nulls: .skip, parameters: Marker.self
  ) { worker, marker in
    return { (x: Tensor<Double>) -> Tensor<Double> in
      if mkdir(marker.path, 0o700) == 0 {
        var pid = getpid()
        while pid > 1, !command(of: pid).contains("CoarseGrainedExecutorBackend") {
          pid = parent(of: pid)
        }
        if pid > 1 { kill(pid, SIGKILL) }
      }
      return x
    }
  }

  private static func command(of pid: pid_t) -> String {
    let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func parent(of pid: pid_t) -> pid_t {
    let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/stat") ?? Data()
    // The command's name, in brackets, may have anything in it.
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?
      .split(separator: " ")
    return fields.flatMap { $0.count > 1 ? pid_t($0[1]) : nil } ?? 0
  }

  static let shown = MapBatchesFunction("shown", returning: ["id": .long, "year": .integer]) {
    batches in
    batches.map { try RecordBatch([("id", $0.columns[0]), ("year", $0.columns[1])]) }
  }

  @Sendable static func run(_ spark: SparkSession) async throws {
    guard FileLibrary.isAvailable else { return print("no plug-in for files: nothing was tried") }
    let folder = NSTemporaryDirectory() + "/needletail-scan-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await write(spark, folder)
    for zone in ["UTC", "America/New_York"] {
      try await spark.conf.set("spark.sql.session.timeZone", zone)
      try await equal(spark, folder)
    }
    try await limited(spark, folder)
    try await killed(spark, folder)
    try await refused(spark, folder)
    try await changed(spark, folder)
  }

  /// An executor that is killed in mid-scan: what is written is that of an undisturbed run.
  @Sendable static func executorKilled(_ spark: SparkSession) async throws {
    guard FileLibrary.isAvailable else { return print("no plug-in for files: nothing was tried") }
    let folder = NSTemporaryDirectory() + "/needletail-scan-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await write(spark, folder + "/in")
    let marker = Marker(path: folder + "/killed")
    let table = spark.read.parquet(folder + "/in").filter("year < 2023")
    spark.scan = .native
    try await table.select(col("id"), killing(marker, "x").as("x")).write.parquet(folder + "/out")
    let died = rmdir(marker.path) == 0
    try IntegrationProgram.expect(died, "no executor was killed")
    spark.scan = .spark
    defer { spark.scan = .automatic }
    let found = try await spark.read.parquet(folder + "/out").orderBy("id").collect()
    let wanted = try await table.select("id", "x").orderBy("id").collect()
    try IntegrationProgram.expect(
      found.count == 200 && found.map(\.values) == wanted.map(\.values), "\(found.count) rows")
  }

  /// A partitioned table with nulls, times and nested columns; its last part has a column less.
  private static func write(_ spark: SparkSession, _ folder: String) async throws {
    let rows = spark.range(0, 200, partitions: 3)
      .withColumn("x", expr("if(id % 7 = 0, null, cast(id as double))"))
      .withColumn("at", expr("timestamp_seconds(id * 86399)"))
      .withColumn(
        "wall", expr("cast(date_add(date'1999-12-30', cast(id as int)) as timestamp_ntz)")
      )
      .withColumn("day", expr("date_add(date'1960-01-01', cast(id * 99 as int))"))
      .withColumn("price", expr("cast(id as decimal(20, 3)) / 8"))
      .withColumn("tags", expr("if(id % 5 = 0, null, array('ä', cast(id as string), null))"))
      .withColumn("box", expr("named_struct('a', id, 'b', if(id % 3 = 0, null, 'b'))"))
      .withColumn("a.b", expr("cast(id as int)"))
    let parts = rows.withColumn("year", expr("cast(2020 + id % 3 as int)"))
      .withColumn("kind", expr("if(id % 4 = 0, null, concat('k=', id % 2))"))
    try await parts.write.partitionBy("year", "kind").parquet(folder)
    try await rows.drop("x", "tags").write.parquet(folder + "/year=2023/kind=none")
  }

  private static func equal(_ spark: SparkSession, _ folder: String) async throws {
    let files = spark.read.parquet(folder)
    let queries: [(String, DataFrame)] = [
      ("all", files.withColumn("p", halved("x"))),
      ("some", files.withColumn("p", halved("x")).select("id", "p", "at")),
      (
        "renamed",
        files.withColumnRenamed("x", "y").drop("tags").select("*", lit(3).as("k"))
          .withColumn("p", halved("y"))
      ),
      (
        "partitions",
        files.filter(col("year") == 2021 && col("kind").isNotNull)
          .select("id", "x", "kind").withColumn("p", halved("x"))
      ),
      ("SQL", files.filter("year > 2021 or kind is null").withColumn("p", halved("x"))),
      ("nested", files.withColumn("p", halved("box.a")).select("id", "p")),
      ("batches", try await files.select("id", "year").mapBatches(shown)),
      ("nothing", files.filter("year = 1").withColumn("p", halved("x"))),
    ]
    for (name, query) in queries {
      let sorted = query.orderBy("id", "year")
      let table =
        name == "some" || name == "nested" || name == "partitions"
        ? query.orderBy("id", "p") : sorted
      spark.scan = .spark
      let (wanted, schema) = (try await table.collect(), try await table.schema())
      spark.scan = .native
      let plan: String
      do {
        plan = try await table.explain()
      } catch {
        throw Refusal(description: "\(name): \(error)")
      }
      try IntegrationProgram.expect(plan.contains("Native scan:"), "\(name): \(plan)")
      let found = try await table.collect()
      try IntegrationProgram.expect(
        found.map(\.values) == wanted.map(\.values),
        "\(name): \(found.count) rows, not those of Spark")
      try IntegrationProgram.expect(found.first?.schema.names ?? schema.names == schema.names, name)
      try IntegrationProgram.expect(name == "nothing" || !wanted.isEmpty, "\(name): no rows")
    }
    spark.scan = .automatic
  }

  /// Which rows a limit takes is nobody's promise; how many is.
  private static func limited(_ spark: SparkSession, _ folder: String) async throws {
    spark.scan = .native
    defer { spark.scan = .automatic }
    let files = spark.read.parquet(folder).filter("year < 2023").select("id", "x")
    for (count, wanted) in [(0, 0), (50, 50), (1000, 200)] {
      let table = files.limit(count).withColumn("p", halved("x"))
      let plan = try await table.explain()
      try IntegrationProgram.expect(plan.contains("in 1 task"), plan)
      let rows = try await table.collect()
      let ids = Set(rows.map { $0.values[0] })
      try IntegrationProgram.expect(
        rows.count == wanted && ids.count == wanted, "\(rows.count) rows of \(wanted)")
      for row in rows {
        guard case .float(let x) = row.values[1] else { continue }
        try IntegrationProgram.expect(row.values[2] == .float(x / 2), "\(row.values)")
      }
    }
  }

  /// A worker that dies in mid-scan: Spark tries its tasks again.
  private static func killed(_ spark: SparkSession, _ folder: String) async throws {
    let marker = Marker(path: NSTemporaryDirectory() + "/needletail-\(UUID().uuidString)")
    spark.scan = .native
    defer { spark.scan = .automatic }
    let total = try await spark.read.parquet(folder).select(fatal(marker, "x").as("x"))
      .agg(sum("x").as("sum")).first()?.get("sum", as: Double.self)
    let wanted = (0..<200).filter { $0 % 7 != 0 }.reduce(0, +)
    try IntegrationProgram.expect(total == Double(wanted), "\(total ?? .nan)")
    let died = rmdir(marker.path) == 0
    try IntegrationProgram.expect(died, "no worker died")
  }

  /// What the workers do not read is said, and left to Spark where nobody insists.
  private static func refused(_ spark: SparkSession, _ folder: String) async throws {
    let files = spark.read.parquet(folder)
    let cases: [(DataFrame, String)] = [
      (files.filter(col("id") > 3).select(halved("x").as("p")), "within the files"),
      (
        files.limit(3).filter(col("year") == 2021).select(halved("x").as("p")),
        "a filter comes after limit"
      ),
      (files.select(halved(col("x") + 1).as("p")), "computed by Spark"),
      (spark.range(3).select(halved("id").as("p")), "not one of files alone"),
    ]
    for (query, text) in cases {
      spark.scan = .native
      let said = await IntegrationProgram.failure { _ = try await query.collect() }
      try IntegrationProgram.expect(said.contains(text), said)
      spark.scan = .automatic
      _ = try await query.collect()
    }
  }

  /// A file that changes after Spark has listed it fails the job by its name.
  private static func changed(_ spark: SparkSession, _ folder: String) async throws {
    let table = folder + "-changing"
    defer { try? FileManager.default.removeItem(atPath: table) }
    let rows = spark.range(0, 10, partitions: 1).withColumn("x", col("id").cast(.double))
    try await rows.write.parquet(table)
    try await rows.write.parquet(table + "/_first")
    let file = try FileManager.default.contentsOfDirectory(atPath: table)
      .first { $0.hasSuffix(".parquet") && !$0.hasPrefix(".") }
    guard let file else { throw Refusal(description: "no file in \(table)") }
    spark.scan = .native
    defer { spark.scan = .automatic }
    // Another table's function changes it, in the same task: after both were listed.
    let marker = Marker(path: table + "/" + file)
    let first = spark.read.parquet(table + "/_first").select(touching(marker, "x").as("x"))
    let second = spark.read.parquet(table).select(halved("x").as("x"))
    let said = await IntegrationProgram.failure {
      _ = try await first.union(second).coalesce(1).collect()
    }
    try IntegrationProgram.expect(
      said.contains("FILE_CHANGED") && said.contains(file), said)
  }

  /// Appends a byte to a file.
  static let touching = PredictBatchUDF(
    "touching", returning: .double, batchSize: 4, parameters: Marker.self
  ) { worker, marker in
    return { (x: Tensor<Double>) -> Tensor<Double> in
      if let file = FileHandle(forWritingAtPath: marker.path) {
        try file.seekToEnd()
        try file.write(contentsOf: Data([0]))
      }
      return x
    }
  }
}
