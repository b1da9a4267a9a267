import ArrowIPC
import NeedletailTesting
import SparkConnectProtocol
import SparkTypes
import Synchronization
import Testing

@testable import SparkConnect

/// Queries in which workers read files themselves.
struct ScanRewritingTests {
  /// Takes every table, or none.
  private final class Planner: ScanPlanner {
    let reason: String?
    let candidates = Mutex<[ScanCandidate]>([])
    let told = Mutex<[String]>([])

    init(refusing reason: String? = nil) { self.reason = reason }

    func refusal(
      _ read: FileRead, _ choice: ScanChoice, in session: SparkSession
    ) async throws -> ScanRefusal? { nil }

    func plan(
      _ candidate: ScanCandidate, in session: SparkSession
    ) async throws -> ScanDecision {
      candidates.withLock { $0.append(candidate) }
      if let reason { return .spark(ScanRefusal(reason)) }
      return .native(
        InlineFunction(
          name: "scan", returnType: .struct([candidate.result: candidate.returnType]),
          evaluationType: 207, command: { _ in [1] }, check: { _ in }),
        tasks: 3, note: "three tasks")
    }

    func tell(_ function: String, _ decision: ScanDecision) {
      guard case .spark(let refusal) = decision else { return }
      told.withLock { $0.append(refusal.reason) }
    }
  }

  private static func score(_ arguments: Column..., scan: ScanChoice? = nil) -> Column {
    Column(
      InlineFunction(
        name: "score", returnType: .double, evaluationType: 204, isDeterministic: false,
        command: { [7] + Array($0.joined().utf8) }, check: { _ in }, scan: scan), arguments)
  }

  /// What a field says beside its type.
  private static let note = "{\"comment\":\"a\"}"

  private func with(
    _ planner: Planner, _ body: (SparkSession, DataFrame) async throws -> Void
  ) async throws {
    let server = FakeConnectServer()
    let schema = StructType([
      StructField("id", .long, metadata: Self.note), StructField("x", .double),
      StructField("tag", .string),
    ])
    try server.answer(with: [], schema: schema)
    try await withSession(on: server) { session, _ in
      session.planScans(with: planner)
      session.prepareInlineCalls { _, _ in }
      try await body(session, session.read.parquet("t"))
    }
  }

  private func notes(_ table: DataFrame) async throws -> [String] {
    try await table.scanned().notes
  }

  private func relation(_ table: DataFrame) async throws -> Spark_Connect_Relation {
    try await table.scanned().table.relation
  }

  @Test("the call becomes a column of a function over numbers of tasks")
  func column() async throws {
    let planner = Planner()
    try await with(planner) { session, files in
      let query = files.withColumn("p", Self.score("x")).select("id", "p")
      let made = try await relation(query)
      let drop = made.project.input.drop
      #expect(drop.columnNames == ["needletail.scan"])
      let added = drop.input.withColumns
      #expect(
        added.aliases[0].expr.unresolvedAttribute.unparsedIdentifier == "`needletail.scan`")
      #expect(added.aliases[0].name == ["p"])
      #expect(added.input.mapPartitions.func.functionName == "scan")
      let range = added.input.mapPartitions.input.range
      #expect(range.end == 3 && range.numPartitions == 3)
      let candidate = try #require(planner.candidates.withLock { $0.first })
      #expect(candidate.form == .column(arguments: [["x"]]))
      #expect(candidate.passed.map { candidate.columns[$0].name } == ["id"])
      #expect(candidate.columns.map(\.metadata) == [Self.note, nil, nil])
      #expect(candidate.command == [7] + Array("x".utf8))
      #expect(candidate.returnType == .double)
    }
  }

  @Test("a function of batches gets them from the files, with its resources")
  func batches() async throws {
    try await with(Planner()) { session, files in
      let function = InlineFunction(
        name: "map", returnType: .struct(["id": .long]), evaluationType: 207,
        command: { _ in [9] }, check: { _ in })
      let made = try await relation(files.mapPartitions(function, profileID: 4))
      #expect(made.mapPartitions.func.functionName == "scan")
      #expect(made.mapPartitions.profileID == 4)
      let barrier = files.mapPartitions(function, isBarrier: true)
      #expect(try await relation(barrier).mapPartitions.func.functionName == "map")
    }
  }

  @Test("what stays Spark's")
  func unchanged() async throws {
    let planner = Planner()
    try await with(planner) { session, files in
      let p = Self.score("x").as("p")
      let queries = [
        files.select(Self.score("x")), files.select(Self.score(col("x") * 2).as("p")),
        files.limit(3).filter("x > 1").select(p), files.select(p, Self.score("id").as("q")),
        files.withColumn("p", Self.score("x")).select("id"),
        files.withColumn("p", Self.score("x")).agg(count()),
        files.select(p, expr("input_file_name()")),
        files.select(p, Column.function("monotonically_increasing_id", []).as("n")),
        session.table("t").select(p), files.select(Self.score("x", scan: .spark).as("p")),
      ]
      for query in queries {
        let found = try await notes(query)
        #expect(found.isEmpty, "\(query.relation)")
      }
      try await files.select(p).cache()
      let kept = try await notes(files.select(p))
      #expect(kept.isEmpty)
    }
    #expect(planner.candidates.withLock { $0.isEmpty })
  }

  @Test("both sides of a join, and only the lower of two predictions")
  func several() async throws {
    let planner = Planner()
    try await with(planner) { session, files in
      let scored = files.withColumn("p", Self.score("x"))
      let joined = try await notes(scored.join(scored, on: ["id"]))
      #expect(joined.count == 2)
      let twice = scored.withColumn("q", Self.score("p"))
      let (table, notes) = try await twice.scanned()
      #expect(notes == ["three tasks"])
      #expect(table.relation.withColumns.aliases[0].name == ["q"])
      let sample = scored.limit(5)
      _ = try await sample.scanned()
      #expect(planner.candidates.withLock { $0.last?.isSample } == true)
      _ = try await scored.orderBy("p").limit(5).scanned()
      #expect(planner.candidates.withLock { $0.last?.isSample } == false)
    }
  }

  @Test("who wants the workers to read and cannot have it hears why")
  func native() async throws {
    try await with(Planner(refusing: "the moon is full")) { session, files in
      let query = files.select(Self.score("x", scan: .native).as("p"))
      let error = await sparkError { _ = try await query.collect() }
      #expect(error.message.contains("'score'") && error.message.contains("the moon is full"))
      let automatic = try await notes(files.select(Self.score("x").as("p")))
      #expect(automatic.isEmpty)
      session.scan = .native
      let other = await sparkError {
        _ = try await session.range(3).select(Self.score("id").as("p")).scanned()
      }
      #expect(other.message.contains("not one of files alone"), "\(other.message)")
    }
  }
}
