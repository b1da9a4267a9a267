import SparkConnectProtocol
import Testing

@testable import SparkConnect

/// Which columns of a table the rest of a query reads.
struct NeededColumnsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var needed: NeededColumns
    var build: @Sendable (DataFrame) -> DataFrame

    init(
      _ name: String, _ needed: NeededColumns,
      _ build: @escaping @Sendable (DataFrame) -> DataFrame
    ) {
      testDescription = name
      self.needed = needed
      self.build = build
    }
  }

  /// What the whole of a query needs of the table at its bottom.
  private func needed(_ relation: Spark_Connect_Relation) -> NeededColumns {
    var (needed, current) = (NeededColumns.everything, relation)
    while let input = current.onlyInput {
      needed = needed.below(current)
      current = input
    }
    return needed
  }

  @Test(
    "columns",
    arguments: [
      Case("all", .everything) { $0.filter(col("a") > 1) },
      Case("select", .only(["a", "b"])) { $0.select("A", (col("b") + 1).as("c")) },
      Case("star", .everything) { $0.select("*", col("b").as("c")) },
      Case("drop", .all(but: ["b"])) { $0.drop("B") },
      Case("drop of what a filter reads", .everything) { $0.filter(col("b") > 1).drop("b") },
      Case("SQL", .everything) { $0.select(expr("a")) },
      Case("replaced", .only(["a", "x"])) { $0.withColumn("b", col("x")).select("a", "b") },
      Case("replaced among all", .everything) { $0.withColumn("b", col("x")) },
      Case("new and not read", .only(["a", "x"])) { $0.withColumn("b", col("x")).select("a") },
      Case("renamed", .only(["a"])) { $0.withColumnRenamed("a", "b").select("b") },
      Case("renamed and dropped", .all(but: ["a"])) { $0.withColumnRenamed("a", "b").drop("b") },
      Case("places", .everything) { $0.toDF("x", "y").select("x") },
      Case("count", .only([])) { $0.agg(count()) },
      Case("group", .only(["a", "b"])) { $0.groupBy("a").agg(sum("b")) },
      Case("sort", .only(["a", "b"])) { $0.orderBy(col("b").desc).select("a") },
      Case("distinct", .everything) { $0.distinct().select("a") },
      Case("keys", .only(["a", "b"])) { $0.dropDuplicates("b").select("a") },
      Case("alias", .everything) { $0.alias("t").select("t.a") },
    ])
  func columns(test: Case) async throws {
    try await withSession { session, _ in
      #expect(needed(test.build(session.table("t")).relation) == test.needed)
    }
  }
}
