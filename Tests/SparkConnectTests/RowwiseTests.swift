import SparkConnectProtocol
import SwiftProtobuf
import Testing

@testable import SparkConnect

/// What a query computes row by row, and of other rows instead.
struct RowwiseTests {
  private static func score(_ argument: String = "x") -> Column {
    Column(
      InlineFunction(
        name: "score", returnType: .float, evaluationType: 204, isDeterministic: false,
        command: { _ in [1] }, check: { _ in }), [column(named: argument)])
  }

  /// The table `t` with predictions, as the library makes them.
  private static func predicted(_ table: DataFrame) -> DataFrame {
    table.withColumn("all", score()).select("*", col("all").as("p")).drop("all")
  }

  struct Name: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What `key` is called in the table that is read; `nil` if it is computed.
    let source: String?
    let build: @Sendable (DataFrame) -> DataFrame

    init(
      _ description: String, _ source: String?,
      _ build: @escaping @Sendable (DataFrame) -> DataFrame
    ) {
      (testDescription, self.source, self.build) = (description, source, build)
    }
  }

  @Test(
    "a column's name is followed down to the table that is read",
    arguments: [
      Name("nothing", "key") { $0 },
      Name("a selection", "key") { $0.select("p", "key") },
      Name("in another case", "KEY") { $0.select("KEY", "p") },
      Name("in SQL", "key") { $0.selectExpr("key", "p * 2 as twice") },
      Name("in back-ticks", "key") { $0.selectExpr("`key`", "p") },
      Name("all in SQL", "key") { $0.selectExpr("*", "p * 2 as twice") },
      Name("another name", "id") { $0.select(col("id").as("key"), "p") },
      Name("renamed", "id") { $0.drop("key").withColumnRenamed("id", "key") },
      Name("a copy", "id") { $0.withColumn("key", col("id")) },
      Name("rows left out", "key") { $0.filter("p > 0.5").where(col("key") > 3) },
      Name("in order", "key") { $0.orderBy("p").repartition(3, "key").coalesce(1).alias("q") },
      Name("a name with a dot", "a.b") { $0.select(column(named: "a.b").as("key"), "p") },
      Name("predicted twice", "key") { $0.withColumn("q", score("p")) },
      Name("computed", nil) { $0.select((col("key") + 1).as("key"), "p") },
      Name("computed in place", nil) { $0.withColumn("key", col("key") + 1) },
      Name("computed in SQL", nil) { $0.selectExpr("key + 1 as key", "p") },
      Name("predicted", nil) { $0.withColumn("key", score()) },
      Name("twice", nil) { $0.select("*", col("id").as("key")) },
      Name("a field", nil) { $0.select("s.key", "p") },
      Name("gone", nil) { $0.drop("KEY") },
      Name("not selected", nil) { $0.select("p") },
      Name("renamed away", nil) { $0.withColumnRenamed("key", "other") },
    ])
  func names(_ name: Name) async throws {
    try await withSession { session, _ in
      let part = try RowwisePart(of: name.build(Self.predicted(session.table("t"))))
      #expect(part.inputName(of: "key") == name.source)
      #expect(part.input.relation.read.namedTable.unparsedIdentifier == "t")
    }
  }

  struct Refused: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let build: @Sendable (DataFrame) -> DataFrame

    init(_ says: String, _ build: @escaping @Sendable (DataFrame) -> DataFrame) {
      (testDescription, self.build) = (says, build)
    }
  }

  @Test(
    "what needs other rows is refused",
    arguments: [
      Refused("a limit") { predicted($0).limit(3).select("p") },
      Refused("a limit") { predicted($0).offset(3) },
      Refused("a sample") { predicted($0).sample(0.5) },
      Refused("a join") { predicted($0).join($0, on: "key") },
      Refused("a union") { predicted($0).union($0) },
      Refused("dropDuplicates") { predicted($0).distinct() },
      Refused("a grouping") { predicted($0).groupBy("key").agg(max("p")) },
      Refused("a window") {
        predicted($0).withColumn("n", callFunction("rank").over(Window.orderBy("p")))
      },
      Refused("a window (OVER") {
        predicted($0).selectExpr("key", "rank() over (order by p) as n")
      },
      Refused("the function explode") { predicted($0).selectExpr("key", "explode(list)") },
      Refused("the function monotonically_increasing_id") {
        predicted($0).withColumn("n", callFunction("monotonically_increasing_id"))
      },
      Refused("the function input_file_name") {
        predicted($0).filter(callFunction("input_file_name") == "x")
      },
      Refused("new names for all columns") { predicted($0).toDF("a", "b") },
      Refused("no predictions") { $0.select("key") },
    ])
  func refusals(_ refused: Refused) async throws {
    try await withSession { session, _ in
      let error = await sparkError { _ = try RowwisePart(of: refused.build(session.table("t"))) }
      #expect(error.kind == .invalidArgument)
      #expect(error.message.contains(refused.testDescription), "\(error.message)")
    }
  }

  @Test("below predictions anything may be, also other predictions")
  func below() async throws {
    try await withSession { session, _ in
      let read = Self.predicted(session.table("t")).join(session.table("u"), on: "key").limit(9)
      let part = try RowwisePart(of: read.withColumn("q", Self.score()).select("key", "q"))
      #expect(part.input.relation.limit.limit == 9)
      #expect(part.functions.map(\.name) == ["score", "score"])
    }
  }

  @Test("the same is computed of other rows")
  func others() async throws {
    try await withSession { session, _ in
      let table = Self.predicted(session.table("t")).filter("p > 0").select("key", "p")
      let part = try RowwisePart(of: table)
      let some = part.input.join(session.table("done"), on: "key", .leftAnti).filter("x = 1")
      let made = part.computed(from: some)
      let direct = Self.predicted(some).filter("p > 0").select("key", "p")
      #expect(try Self.withoutNumbers(made) == Self.withoutNumbers(direct))
      #expect(made.calls.count == direct.calls.count)
      #expect(try RowwisePart(of: made).input.relation == some.relation)
      #expect(made.relation.common.planID != table.relation.common.planID)
      let broken = part.input.select(col("x").cast(.long)).fillna(lit([UInt8(1)]))
      #expect(throws: SparkError.self) { try part.computed(from: broken).plan() }
    }
  }

  /// The query without the numbers of its parts.
  private static func withoutNumbers(_ table: DataFrame) throws -> Spark_Connect_Relation {
    func stripped(_ relation: Spark_Connect_Relation) -> Spark_Connect_Relation {
      var relation = relation
      relation.clearCommon()
      for path in relation.pathsToInputs {
        relation[keyPath: path] = stripped(relation[keyPath: path])
      }
      return relation
    }
    return stripped(try table.plan().root)
  }
}
