import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import SparkConnect

/// Streaming queries: what is sent for them, and what becomes of the answers.
struct StreamingQueryTests {
  struct Start: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// The message that PySpark 4.3 sends, without its input.
    var json: String
    var start: @Sendable (DataStreamWriter) async throws -> StreamingQuery

    init(
      _ json: String, _ start: @escaping @Sendable (DataStreamWriter) async throws -> StreamingQuery
    ) {
      testDescription = json
      self.json = json
      self.start = start
    }
  }

  private static let starts: [Start] = [
    Start(
      #"""
      {"format":"parquet","options":{"checkpointLocation":"c"},\#
      "partitioningColumnNames":["a","b"],"processingTimeInterval":"5000 milliseconds",\#
      "outputMode":"append","queryName":"q","path":"out"}
      """#
    ) {
      try await $0.format("parquet").outputMode(.append).trigger(.processingTime(.seconds(5)))
        .option("checkpointLocation", "c").queryName("q").partitionBy("a", "b").start("out")
    },
    Start(#"{"availableNow":true,"outputMode":"complete","tableName":"t2"}"#) {
      try await $0.trigger(.availableNow).outputMode(.complete).toTable("t2")
    },
    Start(#"{"format":"noop","options":{"x":"true"},"once":true,"outputMode":"update"}"#) {
      try await $0.format("noop").trigger(.once).outputMode(.update).option("x", true).start()
    },
    Start(#"{"format":"noop","continuousCheckpointInterval":"1000 milliseconds"}"#) {
      try await $0.format("noop").trigger(.continuous(.seconds(1))).start()
    },
  ]

  private static func started(name: String = "q") -> FakeConnectServer.Step {
    .respond(
      .with {
        $0.writeStreamOperationStartResult.queryID.id = "id"
        $0.writeStreamOperationStartResult.queryID.runID = "run"
        $0.writeStreamOperationStartResult.name = name
      })
  }

  @Test("starts send PySpark's messages", arguments: starts)
  func start(expected: Start) async throws {
    try await withSession { session, server in
      server.onExecute { _ in [Self.started()] }
      let query = try await expected.start(session.readStream.table("t").writeStream)
      #expect(query.id == "id" && query.runID == "run" && query.name == "q")
      var sent = try #require(server.log.executions.first).plan.command.writeStreamOperationStart
      #expect(sent.input.read.isStreaming)
      sent.clearInput()
      #expect(sent == (try Spark_Connect_WriteStreamOperationStart(jsonString: expected.json)))
    }
  }

  @Test("a query without a name has none, and impossible times are refused")
  func names() async throws {
    try await withSession { session, server in
      server.onExecute { _ in [Self.started(name: "")] }
      let writer = session.readStream.format("rate").load().writeStream
      let query = try await writer.start()
      #expect(query.name == nil)
      let count = server.log.executions.count
      let refused = await sparkError {
        _ = try await writer.trigger(.processingTime(.seconds(-1))).start()
      }
      #expect(refused.message.contains("trigger"))
      for time in [Duration.zero, .seconds(-3)] {
        let error = await sparkError { _ = try await query.awaitTermination(timeout: time) }
        #expect(error.kind == .invalidArgument)
      }
      #expect(server.log.executions.count == count)
    }
  }

  /// Answers of a query, by what it is asked.
  private static func answer(
    _ plan: Spark_Connect_Plan, _ fill: (inout Spark_Connect_StreamingQueryCommandResult) -> Void
  ) -> [FakeConnectServer.Step] {
    [
      .respond(
        .with {
          $0.streamingQueryCommandResult.queryID = plan.command.streamingQueryCommand.queryID
          fill(&$0.streamingQueryCommandResult)
        })
    ]
  }

  private static func query(_ session: SparkSession) -> StreamingQuery {
    StreamingQuery(
      session: session,
      instance: .with {
        $0.id = "id"
        $0.runID = "run"
      }, name: "q")
  }

  @Test("a query is asked in PySpark's words")
  func commands() async throws {
    try await withSession { session, server in
      server.onExecute { plan in
        Self.answer(plan) { result in
          switch plan.command.streamingQueryCommand.command {
          case .status:
            result.status.isActive = true
            result.status.statusMessage = "Waiting"
            result.status.isDataAvailable = true
          case .awaitTermination: result.awaitTermination.terminated = true
          case .explain: result.explain.result = "== Physical Plan =="
          case .exception:
            result.exception.exceptionMessage =
              "org.apache.spark.sql.streaming.StreamingQueryException: Cannot run program \"./x\""
            result.exception.errorClass = "STREAM_FAILED"
            result.exception.stackTrace = "a\nb"
          default: break
          }
        }
      }
      let query = Self.query(session)
      let status = try await query.status
      #expect(status.isActive && status.message == "Waiting")
      #expect(status.isDataAvailable && !status.isTriggerActive)
      try await query.awaitTermination()
      #expect(try await query.awaitTermination(timeout: .milliseconds(1500)))
      #expect(try await query.explain(extended: true) == "== Physical Plan ==")
      let failure = try #require(try await query.exception())
      #expect(
        failure.message.hasPrefix("Cannot run program") && failure.serverStackTrace.count == 2)
      #expect(failure.condition == "STREAM_FAILED")
      #expect(failure.message.contains("NEEDLETAIL_WORKER"))
      try await query.processAllAvailable()
      try await query.stop()
      let sent = server.log.executions.map(\.plan.command.streamingQueryCommand)
      #expect(sent.allSatisfy { $0.queryID.id == "id" && $0.queryID.runID == "run" })
      #expect(
        sent.map(\.command) == [
          .status(true), .awaitTermination(.init()),
          .awaitTermination(.with { $0.timeoutMs = 1500 }),
          .explain(.with { $0.extended = true }), .exception(true), .processAllAvailable(true),
          .stop(true),
        ])
    }
  }

  @Test("the session's queries are asked for in PySpark's words")
  func manager() async throws {
    try await withSession { session, server in
      server.onExecute { plan in
        var response = Spark_Connect_ExecutePlanResponse()
        let instance = StreamingQueryManager.Result.StreamingQueryInstance.with {
          $0.id.id = "id"
          $0.name = "q"
        }
        switch plan.command.streamingQueryManagerCommand.command {
        case .active:
          response.streamingQueryManagerCommandResult.active.activeQueries = [instance]
        case .getQuery("id"): response.streamingQueryManagerCommandResult.query = instance
        case .awaitAnyTermination:
          response.streamingQueryManagerCommandResult.awaitAnyTermination.terminated = false
        default: response.streamingQueryManagerCommandResult = .init()
        }
        return [.respond(response)]
      }
      #expect(try await session.streams.active.map(\.name) == ["q"])
      #expect(try await session.streams.get("id")?.id == "id")
      #expect(try await session.streams.get("other") == nil)
      #expect(try await !session.streams.awaitAnyTermination(timeout: .seconds(1)))
      try await session.streams.awaitAnyTermination()
      try await session.streams.resetTerminated()
      #expect(
        server.log.executions.map(\.plan.command.streamingQueryManagerCommand.command) == [
          .active(true), .getQuery("id"), .getQuery("other"),
          .awaitAnyTermination(.with { $0.timeoutMs = 1000 }), .awaitAnyTermination(.init()),
          .resetTerminated(true),
        ])
    }
  }

  /// A report as Spark 4.3 writes it.
  private static func report(_ batch: Int) -> String {
    #"""
    {"id":"id","runId":"run","name":null,"timestamp":"2026-11-30T17:07:22.357Z","batchId":\#(batch),\#
    "batchDuration":33146,"durationMs":{"addBatch":20398,"walCommit":2611},\#
    "eventTime":{"watermark":"1970-01-01T00:00:00.000Z"},"stateOperators":[\#
    {"operatorName":"stateStoreSave","numRowsTotal":3,"numRowsUpdated":2,"memoryUsedBytes":784,\#
    "numRowsDroppedByWatermark":1}],\#
    "sources":[{"description":"FileStreamSource[file:/in]","startOffset":null,\#
    "endOffset":"{\"logOffset\":0}","latestOffset":{"a":[1]},"numInputRows":5,\#
    "inputRowsPerSecond":0.5,"processedRowsPerSecond":0.15,"metrics":{}}],\#
    "sink":{"description":"MemorySink","numOutputRows":-1,"metrics":{}},"observedMetrics":{}}
    """#
  }

  @Test("reports are typed, and keep what they are made of")
  func progress() throws {
    let progress = try StreamingQueryProgress(json: Self.report(4))
    #expect(progress.id == "id" && progress.runID == "run" && progress.name == nil)
    #expect(progress.batchID == 4 && progress.batchDuration == .milliseconds(33_146))
    #expect(
      progress.durations == ["addBatch": .milliseconds(20_398), "walCommit": .milliseconds(2611)])
    #expect(progress.eventTime["watermark"] == "1970-01-01T00:00:00.000Z")
    // Not told: the sum of the sources.
    #expect(progress.numInputRows == 5 && progress.inputRowsPerSecond == nil)
    let source = try #require(progress.sources.first)
    #expect(source.startOffset == nil && source.endOffset == #"{"logOffset":0}"#)
    #expect(source.latestOffset == #"{"a":[1]}"# && source.processedRowsPerSecond == 0.15)
    #expect(progress.sink == .init(description: "MemorySink", numOutputRows: nil))
    #expect(progress.stateOperators.first?.numRowsDroppedByWatermark == 1)
    #expect(progress.json == Self.report(4))
    #expect(throws: SparkError.self) { try StreamingQueryProgress(json: "{") }
  }

  @Test(
    "a loop over reports sees each batch once, and ends as the query does",
    arguments: [true, false])
  func reports(fails: Bool) async throws {
    let asked = Mutex(0)
    try await withSession { session, server in
      server.onExecute { plan in
        Self.answer(plan) { result in
          switch plan.command.streamingQueryCommand.command {
          case .status: result.status.isActive = asked.withLock { $0 } < 3
          case .recentProgress:
            // Batches 0; 0; 0 and 1; 1 to 3.
            let batches = asked.withLock {
              $0 += 1
              return [0..<1, 0..<1, 0..<2, 1..<4][min($0 - 1, 3)]
            }
            result.recentProgress.recentProgressJson = batches.map(Self.report)
          case .exception where fails: result.exception.exceptionMessage = "it broke"
          case .exception: result.exception = .init()
          default: break
          }
        }
      }
      var seen: [Int] = []
      var failure: (any Error)?
      do {
        for try await progress in Self.query(session).progress(every: .milliseconds(1)) {
          seen.append(progress.batchID)
        }
      } catch { failure = error }
      #expect(seen == [0, 1, 2, 3])
      #expect((failure as? SparkError)?.message == (fails ? "it broke" : nil))
    }
  }

  @Test("calls of functions are checked before a stream starts, and sent in the server's form")
  func functions() async throws {
    let function = InlineFunction(
      name: "score", returnType: .float, evaluationType: 204, command: { _ in [1] },
      check: { _ in })
    try await withSession { session, server in
      server.onExecute { _ in [Self.started()] }
      session.prepareInlineCalls { _, _ in }
      let stream = session.readStream.format("rate").load()
      let scored = stream.withColumn("s", Column(function, ["value"]))
      session.functionForm = FunctionForm(settings: []) { call, _ in call.command = [7, 7] }
      _ = try await scored.writeStream.format("noop").start()
      let sent = try #require(server.log.executions.first).plan.command.writeStreamOperationStart
      let call = try #require(sent.input.calls.first)
      #expect(call.pythonUdf.command == .init([7, 7]))

      session.checkStreams { _ in throw SparkError(.invalidArgument, "not in streams") }
      _ = try await stream.writeStream.format("noop").start()
      let count = server.log.executions.count
      let refused = await sparkError { _ = try await scored.writeStream.format("noop").start() }
      #expect(refused.message == "not in streams")
      session.scan = .native
      let native = await sparkError { _ = try await scored.writeStream.format("noop").start() }
      #expect(native.message.contains("'score'"))
      #expect(server.log.executions.count == count)
    }
  }

  @Test("the server is asked for a stream only where the query does not tell")
  func streams() async throws {
    try await withSession { session, _ in
      let stream = session.readStream.format("rate").load()
      let isStreaming = try await stream.isStreaming
      let joined = try await stream.limit(3).union(session.range(3)).isStream
      let numbers = try await session.range(3).isStream
      let table = try await session.table("t").isStream
      #expect(isStreaming && joined && !numbers && !table)
    }
  }

  @Test("shares that are none are refused", arguments: [[], [0, 0], [-1, 2], [.infinity, 1]])
  func shares(_ weights: [Double]) async throws {
    try await withSession { session, server in
      for part in session.range(3).randomSplit(weights) {
        let error = await sparkError { _ = try await part.collect() }
        #expect(error.message.contains("randomSplit"))
      }
      #expect(server.log.executions.isEmpty)
    }
  }
}

extension Spark_Connect_Relation {
  /// The calls of functions in it.
  fileprivate var calls: [SparkSession.Call] {
    let found = Mutex<[SparkSession.Call]>([])
    var plan = Spark_Connect_Plan.with { $0.root = self }
    plan.mapCalls { call in
      found.withLock { $0.append(call) }
      return call
    }
    return found.withLock { $0 }
  }
}
