import ArrowIPC
import SparkConnectProtocol
import Testing

@testable import SparkConnect

/// Tables that only rearrange the columns of files.
struct FileChainTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// `name=source` for each column, or why there is none.
    var columns: [String]
    var build: @Sendable (DataFrame) -> DataFrame

    init(
      _ name: String, _ columns: [String], _ build: @escaping @Sendable (DataFrame) -> DataFrame
    ) {
      testDescription = name
      self.columns = columns
      self.build = build
    }
  }

  private static func text(_ table: DataFrame) -> [String] {
    do throws(ScanRefusal) {
      let resolved = try FileChain(table.relation).resolved(["id", "x", "year"])
      return resolved.columns.map { column in
        switch column.value {
        case .file(let name): "\(column.name)=\(name)"
        case .literal(let value): "\(column.name)=\(value)"
        }
      } + resolved.filters.map { $0.isOf(partitions: ["year"]) ? "partitions" : "rows" }
        + (resolved.limit.map { ["\($0) rows"] } ?? [])
    } catch {
      return [error.reason]
    }
  }

  @Test(
    "columns are followed to the files, or refused",
    arguments: [
      Case("files", ["id=id", "x=x", "year=year"]) { $0 },
      Case("select", ["X=x", "id=id"]) { $0.select("X", "id") },
      Case("star", ["id=id", "x=x", "year=year", "y=x"]) { $0.select("*", col("x").as("y")) },
      Case("literal", ["id=id", "k=int(3)"]) { $0.select("id", lit(3).as("k")) },
      Case("withColumn", ["id=id", "x=id", "year=year", "n=x"]) {
        $0.withColumns([("x", col("id")), ("n", col("x"))])
      },
      Case("renamed", ["id=id", "pixels=x", "year=year"]) { $0.withColumnRenamed("X", "pixels") },
      Case("swapped", ["columns change their names with each other"]) {
        $0.withColumnsRenamed([("x", "id"), ("id", "x")])
      },
      Case("toDF", ["a=id", "b=x", "c=year"]) { $0.toDF("a", "b", "c") },
      Case("drop", ["id=id", "year=year"]) { $0.drop("X", "none") },
      Case("twins", ["two columns have the same name"]) { $0.select("id", col("x").as("ID")) },
      Case("partition", ["id=id", "x=x", "year=year", "partitions"]) {
        $0.filter(col("year") == 2024 && col("YEAR").isNotNull)
      },
      Case("partition in SQL", ["id=id", "x=x", "year=year", "partitions"]) {
        $0.filter("year IN (2024, 2025) AND NOT (year = 3)")
      },
      Case("chance in SQL", ["id=id", "x=x", "year=year", "rows"]) { $0.filter("rand() < 0.5") },
      Case("a column", ["id=id", "x=x", "year=year", "rows"]) { $0.filter(col("id") > 3) },
      Case("another year", ["id=id", "year=x", "rows"]) {
        $0.select("id", col("x").as("year")).filter(col("year") == 2024)
      },
      Case("computed", ["the table's columns are computed by Spark"]) {
        $0.withColumn("y", col("x") * 2)
      },
      Case("SQL", ["the table's columns are computed by Spark"]) { $0.select(expr("x")) },
      Case("field", ["the table's columns are computed by Spark"]) { $0.select("x.y") },
      Case("limits", ["id=id", "x=x", "year=year", "partitions", "3 rows"]) {
        $0.filter(col("year") == 2024).limit(5).limit(3)
      },
      Case("filter after limit", ["a filter comes after limit"]) {
        $0.limit(3).filter(col("year") == 2024)
      },
      Case("join", ["the table is not one of files alone"]) { $0.join($0, on: ["id"]) },
      Case("distinct", ["the table is not one of files alone"]) { $0.distinct() },
    ])
  func columns(test: Case) async throws {
    try await withSession { session, _ in
      #expect(Self.text(test.build(session.read.parquet("t"))) == test.columns)
    }
  }

  @Test("what is read")
  func reading() async throws {
    try await withSession { session, _ in
      let given = session.read.format("csv").option("header", true).schema("id bigint").load(
        "a", "b")
      let known = try FileChain(given.relation).read
      #expect(
        known
          == FileRead(
            format: "csv", schema: "id bigint", options: ["header": "true"], paths: ["a", "b"]))
      let optional = try FileChain(session.read.option("Path", "p").load().relation).read
      #expect(optional == FileRead(format: nil, paths: ["p"]))
      let refused = [session.table("t"), session.range(3), session.read.load()]
      for table in refused {
        #expect(throws: ScanRefusal.self) { _ = try FileChain(table.relation) }
      }
    }
  }
}
