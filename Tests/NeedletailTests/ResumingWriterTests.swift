import ArrowIPC
import GRPCProtobuf
import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import Needletail

/// What a job on Spark asks for that goes on with an output. `ResumedPredictions` in the integration tests is
/// the same with a Spark.
struct ResumingWriterTests {
  private static let output = "s3a://bucket/out"

  /// A server on which the paths in `existing` are, and whose counts are `counts`, one after the other.
  ///
  /// - Parameters:
  ///   - hidden: the paths of which the server cannot tell whether they are there.
  ///   - twice: the keys that several rows have.
  private static func withServer(
    existing: Set<String> = [], hidden: Set<String> = [], counts: [Int64] = [],
    twice: (input: String?, output: String?) = (nil, nil),
    _ body: (SparkSession, FakeConnectServer) async throws -> Void
  ) async throws {
    let server = FakeConnectServer()
    server.state.withLock { state in
      state.schema = { plan in
        if case .read(let read) = plan.root.relType, case .dataSource(let source)? = read.readType {
          if hidden.contains(source.paths[0]) { throw GoogleRPCStatus.spark("no answer") }
          if source.format == "binaryFile", !existing.contains(source.paths[0]) {
            throw GoogleRPCStatus.spark("not there", condition: "PATH_NOT_FOUND")
          }
        }
        let fields: StructType = ["id": .long, "other": .long, "x": .float]
        guard case .project = plan.root.relType else { return DataType.struct(fields).proto }
        return DataType.struct(["id": .long, "p": .float, "error": .string]).proto
      }
    }
    let left = Queue(counts)
    server.onExecute { plan in
      if case .project(let node) = plan.root.relType, case .limit = node.input.relType {
        let isOutput = String(describing: plan.root).contains(Self.output)
        guard let key = isOutput ? twice.output : twice.input else { return [] }
        return [.respond(try .batch(RecordBatch([("k0", .strings([key]))])))]
      }
      guard case .aggregate(let node) = plan.root.relType, node.groupingExpressions.isEmpty else {
        return []
      }
      return [
        .respond(try .batch(RecordBatch([("count", .numbers([left.next() ?? 0]))])))
      ]
    }
    let session = try await SparkSession.connect(try await server.remote)
    session.prepareInlineCalls { _, _ in }
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(session, server))
    } catch {
      outcome = .failure(error)
    }
    await session.stop()
    await server.stop()
    try outcome.get()
  }

  /// The answers of a server.
  private final class Queue: Sendable {
    private let values: Mutex<[Int64]>
    init(_ values: [Int64]) { self.values = Mutex(values) }
    func next() -> Int64? { values.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
  }

  /// The predictions of a file that no runtime reads.
  private static func predicted(
    _ session: SparkSession, _ request: PredictionRequest = .init(), model: String = #filePath
  ) -> DataFrame {
    let call = InlineFunction(
      name: ModelPrediction.name, returnType: .float, evaluationType: 204,
      isDeterministic: false, command: { _ in [1] }, check: { _ in },
      origin: PredictionOrigin(PredictionLineage(.onnx(model), request), request))
    return session.table("t").withColumn("p", Column(call, [col("x")])).select("id", "p", "error")
  }

  private static func writes(_ server: FakeConnectServer) -> [Spark_Connect_WriteOperation] {
    server.log.executions.compactMap {
      guard case .writeOperation(let write)? = $0.plan.command.commandType else { return nil }
      return write
    }
  }

  @Test("the rows that are missing are predicted and appended, part by part")
  func parts() async throws {
    try await Self.withServer(counts: [25, 65]) { session, server in
      let summary = try await Self.predicted(session).write.option("compression", "zstd")
        .resume(key: "ID", partRows: 10).parquet(Self.output)
      #expect(summary.skipped == 40 && summary.rows == 25 && summary.redone == 0)
      let writes = Self.writes(server)
      #expect(writes.map(\.path).prefix(1) == [Self.output + "/_needletail"])
      #expect(writes[0].source == "text" && writes[0].mode == .overwrite)
      #expect(writes.count == 4)
      for (number, write) in writes.dropFirst().enumerated() {
        #expect(write.path == Self.output && write.source == "parquet" && write.mode == .append)
        #expect(write.options == ["compression": "zstd"])
        let below = write.input.project.input.withColumns
        #expect(below.aliases[0].expr.commonInlineUserDefinedFunction.functionName != "")
        let condition = below.input.filter.condition.expressionString.expression
        #expect(condition == "pmod(xxhash64(`id`), 3) = \(number)")
        let join = below.input.filter.input.join
        #expect(join.joinType == .leftAnti)
        #expect(join.left.read.namedTable.unparsedIdentifier == "t")
        let done = join.right.project
        #expect(done.expressions[0].alias.name == ["needletail.done.0"])
        #expect(done.input.read.dataSource.paths == [Self.output])
      }
    }
  }

  @Test("what is done leaves nothing to write, and what begins anew removes it")
  func others() async throws {
    try await Self.withServer(counts: [0, 40]) { session, server in
      // The fake server has no note to read: nothing is there yet.
      let summary = try await Self.predicted(session).write.resume(key: "id").orc(Self.output)
      #expect(summary.rows == 0 && summary.skipped == 40)
      // A table without rows has a file that tells its columns.
      #expect(Self.writes(server).map(\.source) == ["text", "orc"])
      #expect(Self.writes(server)[1].input.limit.limit == 0)
    }
    let there: Set = [Self.output, Self.output + "/_needletail"]
    try await Self.withServer(existing: there, counts: [7, 2, 2]) { session, server in
      let summary = try await Self.predicted(session).write.resume(key: "id", restarting: true)
        .json(Self.output)
      #expect(summary.rows == 2 && summary.skipped == 0)
      let writes = Self.writes(server)
      #expect(writes.map(\.mode) == [.overwrite, .overwrite, .append, .append])
      #expect(writes[0].path == Self.output && writes[0].input.limit.limit == 0)
    }
  }

  @Test(
    "a part has as many rows as is said, however many that is",
    arguments: [(10, 25, 3), (10, 20, 2), (1, 3, 3), (10, 0, 0), (.max, 5, 1)])
  func division(_ count: Int, _ rows: Int, _ parts: Int) {
    #expect(ResumingWriter.parts(of: count, for: rows) == parts)
  }

  @Test("several jobs of a session count the rows that failed by names of their own")
  func names() async throws {
    try await Self.withServer(counts: [1, 1, 1, 1]) { session, server in
      for _ in 0..<2 {
        _ = try await Self.predicted(session, PredictionRequest(errors: .column()))
          .write.resume(key: "id").parquet(Self.output)
      }
      let names = Self.writes(server).filter { $0.source == "parquet" }.map {
        $0.input.collectMetrics.name
      }
      #expect(names.count == 2 && Set(names).count == 2 && !names.contains(""), "\(names)")
    }
  }

  @Test("a key that several rows have is told, and none of them is predicted")
  func twice() async throws {
    for (input, output, says) in [
      ("7", nil, "several rows have the id 7;"),
      (nil, "8", "the id 8 is in '\(Self.output)' more than once: two jobs"),
    ] as [(String?, String?, String)] {
      try await Self.withServer(twice: (input, output)) { session, server in
        let error = await #expect(throws: NeedletailError.self) {
          try await Self.predicted(session).write.resume(key: "id").parquet(Self.output)
        }
        #expect(error?.message.contains(says) == true, "\(String(describing: error))")
        #expect(Self.writes(server).map(\.source) == ["text"])
      }
    }
  }

  @Test(
    "where the server cannot tell what is there, nothing is written over it",
    arguments: [output, output + "/_needletail", output + "/_temporary"])
  func hidden(_ path: String) async throws {
    try await Self.withServer(hidden: [path]) { session, server in
      let error = await #expect(throws: SparkError.self) {
        try await Self.predicted(session).write.resume(key: "id").parquet(Self.output)
      }
      #expect(error?.message.contains("no answer") == true, "\(String(describing: error))")
      #expect(Self.writes(server).isEmpty)
    }
  }

  struct Refused: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var existing: Set<String> = []
    var counts: [Int64] = []
    var request = PredictionRequest()
    let write: @Sendable (DataFrame) async throws -> Void
  }

  @Test(
    "what cannot go on is refused before anything is written",
    arguments: [
      Refused("no key is named") { try await $0.write.resume(key: []).parquet(output) },
      Refused("leave out the mode append") {
        try await $0.write.mode(.append).resume(key: "id").parquet(output)
      },
      Refused("writes parquet, orc, avro, json on Spark: of csv") {
        try await $0.write.resume(key: "id").format("CSV").save(output)
      },
      Refused("/a[1]' is a pattern") {
        try await $0.write.resume(key: "id").parquet(output + "/a[1]")
      },
      Refused("leave out partitionBy") {
        try await $0.write.partitionBy("p").resume(key: "id").parquet(output)
      },
      Refused("has no column 'x'") { try await $0.write.resume(key: "x").parquet(output) },
      Refused("the key 'p' is computed") { try await $0.write.resume(key: "p").parquet(output) },
      Refused("the table has a limit") {
        try await $0.limit(3).write.resume(key: "id").parquet(output)
      },
      Refused("say errors: .column", request: .init(errors: .null)) {
        try await $0.write.resume(key: "id").parquet(output)
      },
      Refused("depend on each other", request: .init(rows: .dependent)) {
        try await $0.write.resume(key: "id").parquet(output)
      },
      Refused(
        "the column 'why' that tells which rows failed", request: .init(errors: .column("why"))
      ) {
        try await $0.write.resume(key: "id").parquet(output)
      },
      Refused("has rows already, and nothing says", existing: [output], counts: [1]) {
        try await $0.write.resume(key: "id").parquet(output)
      },
      Refused("another job is writing to", existing: [output, output + "/_temporary"]) {
        try await $0.write.resume(key: "id").parquet(output)
      },
    ])
  func refusals(_ refused: Refused) async throws {
    try await Self.withServer(existing: refused.existing, counts: refused.counts) {
      session, server in
      let table = Self.predicted(session, refused.request)
      let error = await #expect(throws: (any Error).self) { try await refused.write(table) }
      let said = error.map { "\($0)" } ?? ""
      #expect(said.contains(refused.testDescription), "\(said)")
      #expect(Self.writes(server).isEmpty)
    }
  }

  @Test("the input is not written to")
  func input() async throws {
    try await Self.withServer { session, server in
      let table = Self.predicted(session)
      let read = try RowwisePart(of: table).computed(
        from: session.read.parquet(Self.output + "/../out"))
      let error = await #expect(throws: NeedletailError.self) {
        try await read.write.resume(key: "id").parquet(Self.output)
      }
      #expect(error?.message.contains("writing parts to") == true, "\(String(describing: error))")
      #expect(server.log.executions.isEmpty)
    }
  }

  @Test("rows with an error that Spark cannot take out end the job")
  func errors() async throws {
    try await Self.withServer(existing: [Self.output], counts: [0, 1, 3]) { session, server in
      let request = PredictionRequest(errors: .column())
      let error = await #expect(throws: NeedletailError.self) {
        try await Self.predicted(session, request).write.resume(key: "id").parquet(Self.output)
      }
      let said = error?.message ?? ""
      #expect(said.contains("3 rows of") && said.contains("--engine local"), "\(said)")
    }
  }
}

extension ResumingWriterTests.Refused {
  init(
    _ says: String, existing: Set<String> = [], counts: [Int64] = [],
    request: PredictionRequest = .init(),
    _ write: @escaping @Sendable (DataFrame) async throws -> Void
  ) {
    self.init(
      testDescription: says, existing: existing, counts: counts, request: request, write: write)
  }
}
