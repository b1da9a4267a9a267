import Needletail

/// A column as it came.
let unchanged = PredictBatchUDF("unchanged", returning: .string, batchSize: 2) { _ in
  { (texts: ArrowColumn) -> ArrowColumn in texts }
}

extension IntegrationProgram {
  /// Strings and binaries with offsets of 64 bits; arrays that are declared without nulls; decimals.
  static func layouts(_ spark: SparkSession) async throws {
    let table = spark.range(0, 3, partitions: 1).select(
      col("id"), expr("concat('ä', id)").as("s"), expr("cast(concat('b', id) as binary)").as("b"),
      expr("array('p', cast(id as string))").as("l"))
    func results() async throws -> [Row] {
      try await table.mapBatches(
        "same", returning: ["id": .long, "s": .string, "b": .binary, "l": .array(.string)]
      ) { $0 }.withColumn("again", unchanged("s")).orderBy("id").collect()
    }
    let setting = "spark.sql.execution.arrow.useLargeVarTypes"
    let plain = try await results()
    try await spark.conf.set(setting, "true")
    let large = try await results()
    try await spark.conf.unset(setting)
    try expect(plain.count == 3 && large == plain, "\(large.map(\.values))")

    let lists: StructType = [
      StructField("l", .array(.long, containsNull: false), isNullable: false)
    ]
    let count = try await spark.range(0, 4).mapBatches("lists", returning: lists) { batches in
      batches.map { batch in
        let ids = batch.columns[0]
        return try RecordBatch([("l", .lists(of: ids, rows: ids.count, width: 1))])
      }
    }.count()
    try expect(count == 4, "\(count) lists")
    let said = await failure {
      _ = try await spark.range(0, 1).mapBatches("holes", returning: lists) { batches in
        batches.map { batch in
          let nothing: [Int64?] = Array(repeating: nil, count: batch.rowCount)
          return try RecordBatch([
            ("l", .lists(of: .numbers(nothing), rows: batch.rowCount, width: 1))
          ])
        }
      }.collect()
    }
    try expect(said.contains("'l.element', row 0") && said.contains("without nulls"), said)

    let decimals = spark.range(0, 1).select(
      expr("cast(9007199254740993 as decimal(20,0))").as("exact"), expr("3.99").as("price"))
    let exact = try await decimals.select(longs("exact").as("y")).first()
    try expect(try exact?.get("y", as: Int64.self) == 9_007_199_254_740_993, "\(exact as Any)")
    let inexact = await failure { _ = try await decimals.select(longs("price")).collect() }
    try expect(inexact.contains("column 'price', row 0: 3.99 does not fit int64"), inexact)
  }
}

/// Whole numbers as they came.
let longs = PredictBatchUDF("longs", returning: .long, batchSize: 2) { _ in
  { (numbers: [Int64]) -> [Int64] in numbers }
}
