import ArrowIPC
import Foundation
import SparkConnect
import Synchronization
import Tensors
import Testing

/// Runs `body` with a session of its own on the tests' server, and a folder for files.
func withSpark<Result>(
  _ body: (SparkSession, String) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "needletail-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let spark = try await SparkSession.connect(try await TestClusters.shared.remote(.local))
  do {
    let result = try await body(spark, folder)
    await spark.stop()
    return result
  } catch {
    await spark.stop()
    throw error
  }
}

/// The error of Spark that `body` throws.
func sparkError(
  _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async -> SparkError {
  do {
    try await body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let error as SparkError {
    return error
  } catch {
    Issue.record("another error: \(error)", sourceLocation: sourceLocation)
  }
  return SparkError(.result, "")
}

/// The client against a real Spark.
@Suite(.serialized)
struct ClientTests {
  @Test("version and settings")
  func session() async throws {
    try await withSpark { spark, _ in
      #expect(spark.version.hasPrefix("4."))
      let key = "spark.sql.shuffle.partitions"
      try await spark.conf.set(key, "3")
      #expect(try await spark.conf.get(key) == "3")
      try await spark.conf.unset(key)
      #expect(try await spark.conf.get(key) == "200")
      #expect(try await spark.conf.get("no.such.setting") == nil)
      let modifiable = try await spark.conf.isModifiable("spark.sql.execution.pyspark.python")
      #expect(modifiable)
      let fixed = try await spark.conf.isModifiable("spark.executor.memory")
      #expect(!fixed)
      #expect(try await spark.conf.getAll(prefix: "spark.sql.").count > 0)
      let error = await sparkError { try await spark.conf.set("spark.executor.memory", "1g") }
      #expect(
        error.condition == "CANNOT_MODIFY_CONFIG"
          || error.condition == "CANNOT_MODIFY_STATIC_CONFIG")
    }
  }

  private static let types: StructType = [
    "b": .boolean, "i8": .byte, "i16": .short, "i32": .integer, "i64": .long, "f": .float,
    "d": .double, "dec": .decimal(precision: 12, scale: 3), "s": .string, "bin": .binary,
    "day": .date, "at": .timestamp, "wall": .timestampNTZ, "took": .dayTimeInterval(),
    "months": .yearMonthInterval(), "list": .array(.integer),
    "grid": .array(.array(.float)), "box": .struct(["x": .integer, "name": .string]),
    "map": .map(.string, .double),
  ]

  private static func values(_ n: Int64) throws -> [ArrowValue] {
    [
      .bool(n % 2 == 0), .int(n), .int(-n), .int(n * 1000), .int(n << 40), .float(0.5),
      .float(-1.25), .decimal(try #require(ArrowDecimal("-12.345", byteWidth: 16, scale: 3))),
      .string("ä\(n)"), .binary([0, 255, UInt8(n)]), .int(20_000 + n),
      .int(1_600_000_000_000_000 + n), .int(n), .int(90_000_000 * n),
      .interval(months: 14, days: 0, nanoseconds: 0),
      .list([.int(1), .null, .int(n)]), .list([.list([.float(0.5)]), .list([])]),
      .structure([.int(n), .null]), .map([(.string("k"), .float(Double(n)))]),
    ]
  }

  @Test("values of every type go to Spark and come back", arguments: [3, 40_000])
  func types(count: Int64) async throws {
    let rows =
      try (0..<count).map { try Self.values($0 % 100) }
      + [Array(repeating: ArrowValue.null, count: Self.types.count)]
    try await withSpark { spark, _ in
      let table = try await spark.createDataFrame(rows, schema: Self.types)
      #expect(try await table.schema() == Self.types)
      let back = try await table.collect()
      #expect(back.count == rows.count)
      #expect(zip(back, rows).allSatisfy { $0.values == $1 })
      #expect(back.first?.values == rows[0])
      #expect(back.last?.values == rows.last)
      #expect(back.first?.schema == Self.types)
    }
  }

  @Test("SQL with arguments; statements with effects run once")
  func sql() async throws {
    try await withSpark { spark, _ in
      let rows = try await spark.sql(
        "select :a + 1 as x, upper(:b) as y", ["a": 41, "b": "swift"]
      ).collect()
      #expect(rows[0].values == [.int(42), .string("SWIFT")])
      let positional = try await spark.sql("select ? || ?", ["a", "b"]).collect()
      #expect(positional[0][0] == .string("ab"))
      _ = try await spark.sql("create temporary view v as select 5 as five")
      #expect(try await spark.table("v").collect()[0].values == [.int(5)])
      let exists = try await spark.tableExists("v")
      #expect(exists)
      #expect(try await spark.listTables().filter(col("name") == "v").count() == 1)
      let isDropped = try await spark.dropTempView("v")
      #expect(isDropped)
      let missing = try await spark.tableExists("v")
      #expect(!missing)
      try await spark.range(4).createOrReplaceTempView("numbers")
      #expect(try await spark.sql("select sum(id) from numbers").first()?[0] == .int(6))
    }
  }

  struct Transformation: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var build: @Sendable (DataFrame) -> DataFrame
    var expected: [[ArrowValue]]

    init(
      _ name: String, _ expected: [[ArrowValue]],
      _ build: @escaping @Sendable (DataFrame) -> DataFrame
    ) {
      testDescription = name
      self.expected = expected
      self.build = build
    }
  }

  // `t` has the columns id (1, 2, 3, 4), name (a, b, null, a), xs ([1, 2], [], null, [3]).
  @Test(
    "transformations",
    arguments: [
      Transformation("select", [[.int(10)], [.int(20)], [.int(30)], [.int(40)]]) {
        $0.select(col("id") * 10)
      },
      Transformation("selectExpr", [[.int(2), .string("b")]]) {
        $0.selectExpr("id", "name").filter("name = 'b'")
      },
      Transformation("withColumn", [[.int(1), .float(0.5)]]) {
        $0.limit(1).withColumn("half", col("id") / 2).select("id", "half")
      },
      Transformation("withColumnRenamed and drop", [[.int(4)]]) {
        $0.withColumnRenamed("id", "key").drop("name", "xs").filter(col("key") > 3)
      },
      Transformation("toDF", [[.int(1)]]) { $0.toDF("a", "b", "c").limit(1).select("a") },
      Transformation("distinct", [[.null], [.string("a")], [.string("b")]]) {
        $0.select("name").distinct().orderBy("name")
      },
      Transformation("dropDuplicates", [[.int(3)]]) {
        $0.dropDuplicates("name").agg(count())
      },
      Transformation("orderBy", [[.int(4)], [.int(1)], [.int(2)], [.int(3)]]) {
        $0.orderBy(col("name").ascNullsLast, col("id").desc).select("id")
      },
      Transformation("offset", [[.int(3)], [.int(4)]]) { $0.orderBy("id").offset(2).select("id") },
      Transformation("sample", [[.int(4)]]) { $0.sample(1.0, seed: 1).agg(count()) },
      Transformation("randomSplit", [[.int(4)]]) { table in
        let parts = table.randomSplit([1, 3], seed: 5)
        return parts[0].union(parts[1]).distinct().agg(count())
      },
      Transformation(
        "groupBy",
        [
          [.null, .int(1), .int(3)], [.string("a"), .int(2), .int(5)],
          [.string("b"), .int(1), .int(2)],
        ]
      ) {
        $0.groupBy("name").agg(count().as("n"), sum("id").as("s")).orderBy("name")
      },
      Transformation("grouped count", [[.string("a"), .int(2)]]) {
        $0.groupBy("name").count().filter(col("count") == 2)
      },
      Transformation("agg", [[.int(10), .float(2.5), .int(1), .int(4), .int(2)]]) {
        $0.agg(sum("id"), avg("id"), min("id"), max("id"), countDistinct("name"))
      },
      Transformation("inner join", [[.int(1)], [.int(4)]]) {
        $0.join($0.filter(col("id") == 1).select("name"), on: ["name"]).select("id").orderBy("id")
      },
      Transformation("anti join", [[.int(2)], [.int(3)]]) {
        $0.join($0.filter(col("id") == 1).select("name"), on: ["name"], .leftAnti)
          .select("id").orderBy("id")
      },
      Transformation("join on a condition", [[.int(1), .int(4)]]) {
        $0.alias("l").join(
          $0.alias("r"), on: col("l.name") == col("r.name") && col("l.id") < col("r.id")
        )
        .select("l.id", "r.id")
      },
      Transformation("crossJoin", [[.int(16)]]) { $0.crossJoin($0.select("id")).agg(count()) },
      Transformation("union", [[.int(8)]]) { $0.union($0).agg(count()) },
      Transformation("unionByName", [[.int(5), .null]]) {
        $0.select("id").limit(0)
          .unionByName(
            $0.select(lit(5).as("id"), null(.string).as("more")).limit(1), allowMissingColumns: true
          )
      },
      Transformation("intersect and except", [[.int(2)]]) {
        $0.select("id").except($0.filter(col("id") != 2).select("id"))
          .intersect($0.select("id"))
      },
      Transformation("repartition", [[.int(3)]]) {
        $0.repartition(3).select(sparkPartitionID().as("p")).agg(countDistinct("p"))
      },
      Transformation("coalesce", [[.int(1)]]) {
        $0.repartition(3, "id").coalesce(1).select(sparkPartitionID().as("p")).agg(
          countDistinct("p"))
      },
      Transformation("explode", [[.int(1), .int(1)], [.int(1), .int(2)], [.int(4), .int(3)]]) {
        $0.select("id", explode("xs").as("x")).orderBy("id", "x")
      },
      Transformation("describe", [[.string("count"), .string("4")]]) {
        $0.describe("id").filter(col("summary") == "count")
      },
      Transformation("summary", [[.string("max"), .string("4")]]) {
        $0.select("id").summary("max")
      },
      Transformation("dropna", [[.int(3)]]) { $0.dropna("name").agg(count()) },
      Transformation("fillna", [[.string("?")]]) {
        $0.fillna("?", "name").filter(col("id") == 3).select("name")
      },
      Transformation("window", [[.int(1), .int(1)], [.int(4), .int(2)]]) {
        $0.filter(col("name") == "a")
          .select("id", rowNumber().over(partitionBy: ["name"], orderBy: ["id"]).as("r")).orderBy(
            "id")
      },
    ])
  func transformations(expected: Transformation) async throws {
    try await withSpark { spark, _ in
      let table = try await spark.createDataFrame(
        [
          [.int(1), .string("a"), .list([.int(1), .int(2)])], [.int(2), .string("b"), .list([])],
          [.int(3), .null, .null], [.int(4), .string("a"), .list([.int(3)])],
        ], schema: ["id": .long, "name": .string, "xs": .array(.integer)])
      #expect(try await expected.build(table).collect().map(\.values) == expected.expected)
    }
  }

  @Test("writes and reads", arguments: ["parquet", "orc", "json", "csv"])
  func files(format: String) async throws {
    try await withSpark { spark, folder in
      let table = spark.range(0, 100, partitions: 2)
        .select("id", concatWS("-", lit("row"), col("id").cast("string")).as("name"))
      let path = "\(folder)/out"
      try await table.write.format(format).option("header", true).save(path)
      let exists = await sparkError { try await table.write.format(format).save(path) }
      #expect(exists.condition == "PATH_ALREADY_EXISTS")
      try await table.write.mode(.ignore).format(format).save(path)
      try await table.write.mode(.append).format(format).option("header", true).save(path)
      let back = spark.read.format(format).schema("id bigint, name string").option("header", true)
        .load(path)
      #expect(try await back.count() == 200)
      #expect(try await back.filter(col("id") == 7).first()?["name"] == .string("row-7"))
      try await table.limit(5).write.mode(.overwrite).format(format).save(path)
      #expect(try await spark.read.format(format).schema("id bigint").load(path).count() == 5)
    }
  }

  @Test("partitions, text, binary files and tables")
  func otherSources() async throws {
    try await withSpark { spark, folder in
      try await spark.range(10).withColumn("part", col("id") % 2).write.partitionBy("part")
        .parquet("\(folder)/parts")
      #expect(FileManager.default.fileExists(atPath: "\(folder)/parts/part=1"))
      #expect(try await spark.read.parquet("\(folder)/parts").filter("part = 1").count() == 5)

      try Data("one\ntwo\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/a.txt"))
      #expect(
        try await spark.read.text("\(folder)/a.txt").collect().map { $0[0] }
          == [.string("one"), .string("two")])
      let file = try await spark.read.binaryFile("\(folder)/a.txt").first()
      #expect(file?["content"] == .binary(Array("one\ntwo\n".utf8)))
      #expect(file?["length"] == .int(8))

      try await spark.range(3).write.format("noop").mode(.overwrite).save()

      let name = "needletail_\(UUID().uuidString.prefix(8))"
      try await spark.range(3).write.saveAsTable(name)
      try await spark.range(2).write.insertInto(name)
      #expect(try await spark.table(name).count() == 5)
      _ = try await spark.sql("drop table \(name)")
    }
  }

  @Test("results as batches, tensors and values")
  func results() async throws {
    try await withSpark { spark, _ in
      let table = spark.range(0, 300_000, partitions: 3)
      var next: Int64 = 0
      for try await batch in table.recordBatches() {
        let ids = try batch.columns[0].tensor(of: Int64.self, rowShape: [])
        #expect(ids.scalars.first == next)
        next += Int64(batch.rowCount)
      }
      #expect(next == 300_000)

      let pixels = spark.range(5).select(
        array(col("id").cast("float"), lit(Float(0.5))).as("pixels"))
      let tensor = try await pixels.tensor(of: "pixels", as: Float.self, rowShape: [2])
      #expect(tensor.shape == [5, 2])
      #expect(tensor.scalars == [0, 0.5, 1, 0.5, 2, 0.5, 3, 0.5, 4, 0.5])

      struct Item: Decodable, Sendable, Equatable {
        var id: Int
        var name: String?
      }
      let items = try await spark.range(2)
        .withColumn("name", when(col("id") == 1, "one")).collect(as: Item.self)
      #expect(items == [Item(id: 0, name: nil), Item(id: 1, name: "one")])
      let isEmpty = try await spark.range(0).isEmpty
      #expect(isEmpty)
      #expect(try await spark.range(10).tail(2).map { $0[0] } == [.int(8), .int(9)])
    }
  }

  @Test("what is shown")
  func show() async throws {
    try await withSpark { spark, _ in
      let table = spark.range(2).withColumn("name", lit("a rather long text indeed"))
      let shown = try await table.showString()
      #expect(
        shown == """
          +---+--------------------+
          | id|                name|
          +---+--------------------+
          |  0|a rather long tex...|
          |  1|a rather long tex...|
          +---+--------------------+

          """)
      let vertical = try await table.showString(1, truncate: 0, vertical: true)
      #expect(vertical.contains("long text indeed"))
      let schema = try await table.schema()
      #expect(schema.names == ["id", "name"])
      #expect(
        schema.treeString == """
          root
           |-- id: long (nullable = false)
           |-- name: string (nullable = false)

          """)
      let simple = try await table.explain()
      #expect(simple.contains("Physical Plan"))
      let extended = try await table.explain(.extended)
      #expect(extended.contains("Optimized Logical Plan"))
    }
  }

  @Test("kept rows")
  func caching() async throws {
    try await withSpark { spark, _ in
      let table = try await spark.range(1000).withColumn("r", rand()).cache()
      let first = try await table.agg(min("r"), max("r")).first()
      #expect(try await table.agg(min("r"), max("r")).first() == first)
      try await table.unpersist()
    }
  }

  @Test("errors carry condition, SQLSTATE and parameters")
  func errors() async throws {
    try await withSpark { spark, _ in
      let missing = await sparkError { _ = try await spark.table("no_such").collect() }
      #expect(missing.condition == "TABLE_OR_VIEW_NOT_FOUND")
      #expect(missing.sqlState == "42P01")
      #expect(missing.parameters["relationName"] == "`no_such`")
      #expect(missing.classes.contains("org.apache.spark.sql.AnalysisException"))
      let column = await sparkError { _ = try await spark.range(1).select("nope").schema() }
      #expect(column.condition?.hasPrefix("UNRESOLVED_COLUMN") == true)
      let division = await sparkError {
        _ = try await spark.sql("select id / 0 from range(5)").collect()
      }
      #expect(division.condition == "DIVIDE_BY_ZERO")
      let path = await sparkError { _ = try await spark.read.parquet("/no/such/path").count() }
      #expect(path.condition == "PATH_NOT_FOUND")
      #expect(path.message.contains("/no/such/path"))
    }
  }

  @Test("a cancelled task ends its query within seconds, and the session goes on")
  func cancellation() async throws {
    try await withSpark { spark, _ in
      let endless = spark.range(0, 1 << 40, partitions: 4).agg(sum(col("id") % 7))
      let task = Task { try await endless.collect() }
      try await Task.sleep(for: .seconds(2))
      let start = ContinuousClock.now
      task.cancel()
      let result = await task.result
      #expect(throws: CancellationError.self) { try result.get() }
      #expect(ContinuousClock.now - start < .seconds(2))
      #expect(try await spark.range(3).count() == 3)
      #expect(ContinuousClock.now - start < .seconds(5))
    }
  }

  @Test("an interrupted tag ends its queries")
  func tags() async throws {
    try await withSpark { spark, _ in
      spark.addTag("endless")
      let task = Task {
        try await spark.range(0, 1 << 40, partitions: 4).agg(sum(col("id") % 7)).collect()
      }
      try await Task.sleep(for: .seconds(2))
      let ids = try await spark.interrupt(tag: "endless")
      #expect(ids.count == 1)
      let error = await sparkError { _ = try await task.value }
      #expect(error.kind == .cancelled)
      spark.removeTag("endless")
    }
  }

  @Test("progress of a job with many tasks")
  func progress() async throws {
    try await withSpark { spark, _ in
      let updates = Mutex<[ExecutionProgress]>([])
      spark.onProgress { progress in updates.withLock { $0.append(progress) } }
      // The server tells every two seconds.
      let pause = expr("java_method('java.lang.Thread', 'sleep', 150L)")
      _ = try await spark.range(0, 40, partitions: 40).select(pause.as("pause")).collect()
      let seen = updates.withLock { $0 }
      #expect(seen.last?.isFinished == true)
      let counts = seen.dropLast().map(\.completedTaskCount)
      #expect(counts == counts.sorted())
      #expect(seen.contains { $0.taskCount >= 40 })
    }
  }

  @Test("files of many sizes are taken as artifacts", arguments: [0, 1, 262_144, 3_000_001])
  func artifacts(size: Int) async throws {
    try await withSpark { spark, folder in
      let path = "\(folder)/data-\(size).bin"
      try Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        .write(to: URL(fileURLWithPath: path))
      try await spark.addFile(path)
      try await spark.addFile(path)
      #expect(try await spark.range(1).count() == 1)
    }
  }

  @Test("many queries at once in one session")
  func concurrency() async throws {
    try await withSpark { spark, _ in
      let counts = try await withThrowingTaskGroup(of: Int.self) { group in
        for size in 1...20 { group.addTask { try await spark.range(size).collect().count } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(counts.sorted() == Array(1...20))
    }
  }

  @Test("a table of values of a Swift type")
  func encodables() async throws {
    struct Item: Codable, Sendable, Equatable {
      struct Box: Codable, Sendable, Equatable { var x: Float }
      var id: Int
      var name: String?
      var scores: [Double]
      var box: Box
      var at: Date
      var image: Data
    }
    let items = [
      Item(
        id: 1, name: "a", scores: [0.5, 1], box: .init(x: 2),
        at: Date(timeIntervalSince1970: 1.5), image: Data([1, 2])),
      Item(id: 2, name: nil, scores: [], box: .init(x: 3), at: .distantPast, image: Data()),
    ]
    try await withSpark { spark, _ in
      let table = try await spark.createDataFrame(items)
      #expect(
        try await table.schema().ddl
          == "id bigint, name string, scores array<double>, box struct<x:float>, at timestamp, "
          + "image binary")
      #expect(try await table.collect(as: Item.self) == items)
    }
  }
}
