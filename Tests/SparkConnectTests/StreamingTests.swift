import ArrowIPC
import GRPCCore
import GRPCProtobuf
import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import SparkConnect

/// Results larger than the client wants to hold, and servers that go away under it.
struct StreamingTests {
  @Test("a slow consumer holds the server back")
  func backpressure() async throws {
    // 400 MiB in all, of which the windows of HTTP/2 and the sockets' buffers let a part pass.
    let response = try Spark_Connect_ExecutePlanResponse.batch(try numbers(0..<131_072))
    let script = Array(repeating: FakeConnectServer.Step.respond(response), count: 400)
    try await withSession { session, server in
      server.onExecute { _ in script }
      for try await batch in session.table("t").recordBatches() {
        #expect(batch.rowCount == 131_072)
        try await expectEventually { server.log.sentResponseCount > 1 }
        // Still once nothing more has left for a while.
        var sent = 0
        while sent != server.log.sentResponseCount {
          sent = server.log.sentResponseCount
          try await Task.sleep(for: .milliseconds(200))
        }
        #expect(sent < 300)
        break
      }
      try await expectEventually { server.log.interrupts.count == 1 }
      #expect(server.log.interrupts.map(\.operationID) == server.log.executions.map(\.operationID))
      try await expectEventually { server.log.releases.count == 1 }
    }
  }

  @Test("a loop to the end sees every batch, in order, and interrupts nothing")
  func completeLoop() async throws {
    let script = try (0..<50).map { index in
      FakeConnectServer.Step.respond(try .batch(try numbers(Int64(index)..<Int64(index + 1))))
    }
    try await withSession { session, server in
      server.onExecute { _ in script }
      var seen: [Int64] = []
      for try await batch in session.table("t").recordBatches() {
        if case .int(let value) = batch.columns[0].value(at: 0) { seen.append(value) }
      }
      #expect(seen == Array(0..<50))
      #expect(server.log.interrupts.isEmpty)
    }
  }

  @Test("every loop over the same batches is an execution of its own")
  func twoLoops() async throws {
    let response = try Spark_Connect_ExecutePlanResponse.batch(try numbers(0..<3))
    try await withSession { session, server in
      server.onExecute { _ in [.respond(response)] }
      let batches = session.table("t").recordBatches()
      for _ in 0..<2 {
        var rows = 0
        for try await batch in batches { rows += batch.rowCount }
        #expect(rows == 3)
      }
      #expect(Set(server.log.executions.map(\.operationID)).count == 2)
    }
  }

  @Test("rows become values of a type; what does not fit names the column")
  func values() async throws {
    struct Item: Decodable, Sendable, Equatable { var id: Int }
    struct Text: Decodable, Sendable { var id: String }
    struct Other: Decodable, Sendable { var name: String }
    let response = try Spark_Connect_ExecutePlanResponse.batch(try numbers(0..<3))
    try await withSession { session, server in
      server.onExecute { _ in [.respond(response)] }
      let table = session.table("t")
      #expect(try await table.collect(as: Item.self) == [0, 1, 2].map(Item.init))
      for (name, collect) in [
        ("id", { _ = try await table.collect(as: Text.self) }),
        ("name", { _ = try await table.collect(as: Other.self) }),
      ] as [(String, () async throws -> Void)] {
        do {
          try await collect()
          Issue.record("nothing was thrown for \(name)")
        } catch let error as DecodingError {
          #expect("\(error)".contains("'\(name)'"))
        }
      }
    }
  }

  @Test("a server that dies under an execution is told with its address")
  func serverDies() async throws {
    let response = try Spark_Connect_ExecutePlanResponse.batch(try numbers(0..<3))
    try await withSession { session, server in
      server.onExecute { _ in [.respond(response), .waitForInterrupt] }
      let task = Task { try await session.table("t").collect() }
      try await expectEventually { server.log.sentResponseCount == 1 }
      await server.stop()
      let start = ContinuousClock.now
      let error = await sparkError { _ = try await task.value }
      #expect(ContinuousClock.now - start < .seconds(5))
      #expect(error.kind == .unavailable)
      #expect(error.message.contains("127.0.0.1:\(session.connection.target.port)"))
    }
  }

  @Test("cancelling ends the wait between two attempts")
  func cancelledPause() async throws {
    let server = FakeConnectServer()
    let session = try await SparkSession.connect(
      "sc://127.0.0.1:\(try await server.port)",
      retries: RetryPolicy(initialPause: .seconds(60), maximumPause: .seconds(60)))
    server.state.withLock { $0.lostExecutions = 1 }
    let task = Task { try await session.range(1).collect() }
    try await expectEventually { server.state.withLock { $0.lostExecutions } == 0 }
    let start = ContinuousClock.now
    task.cancel()
    let result = await task.result
    #expect(throws: CancellationError.self) { try result.get() }
    #expect(ContinuousClock.now - start < .seconds(2))
    await session.stop()
    await server.stop()
  }

  @Test("a server that ends every stream at once is not asked ceaselessly")
  func endlessEnds() async throws {
    let server = FakeConnectServer()
    server.onExecute { _ in Array(repeating: .endStream, count: 4) }
    let session = try await SparkSession.connect(
      "sc://127.0.0.1:\(try await server.port)",
      retries: RetryPolicy(maximumRetries: 1, initialPause: .milliseconds(100)))
    let start = ContinuousClock.now
    #expect(try await session.table("t").collect().isEmpty)
    #expect(ContinuousClock.now - start >= .milliseconds(400))
    #expect(server.log.reattachments.count == 4)
    await session.stop()
    await server.stop()
  }

  @Test("neither a result nor an error waits for a server that has fallen silent")
  func silence() async throws {
    let response = try Spark_Connect_ExecutePlanResponse.batch(try numbers(0..<3))
    try await withSession { session, server in
      server.state.withLock { $0.isSilent = true }
      server.onExecute { plan in
        plan.root.relType == .range(plan.root.range)
          ? [.respond(response)] : [.fail(.spark("short", id: "e"))]
      }
      let start = ContinuousClock.now
      async let rows = session.range(3).collect()
      let error = await sparkError { _ = try await session.table("t").collect() }
      #expect(error.message == "short")
      let count = try await rows.count
      #expect(count == 3)
      #expect(ContinuousClock.now - start < .seconds(10))
    }
  }

  @Test("a failed analysis has the server's details too")
  func failedAnalysis() async throws {
    try await withSession { session, server in
      server.state.withLock { state in
        state.schema = { _ in throw GoogleRPCStatus.spark("short", id: "e7") }
        state.errors["e7"] = .with {
          $0.rootErrorIdx = 0
          $0.errors = [
            .with {
              $0.message = "[UNRESOLVED_COLUMN] no `x`"
              $0.sparkThrowable = .with { $0.errorClass = "UNRESOLVED_COLUMN" }
            }
          ]
        }
      }
      let error = await sparkError { _ = try await session.table("t").schema() }
      #expect(error.kind == .server)
      #expect(error.condition == "UNRESOLVED_COLUMN")
      #expect(error.message == "[UNRESOLVED_COLUMN] no `x`")
    }
  }

  @Test(
    "inline functions name the version whose protocol the worker will be spoken to in",
    arguments: [("4.0.1", "native/4.0"), ("4.2.0", "native/4.2"), ("4.3.0-rc2", "native/4.3")])
  func inlineVersion(version: String, expected: String) async throws {
    let function = InlineFunction(
      name: "f", returnType: .long, evaluationType: 200, command: { _ in [1] }, check: { _ in })
    try await withSession(on: FakeConnectServer(version: version)) { session, _ in
      let table = session.table("t").withColumn("s", Column(function, ["id"]))
      let message = try table.plan().root.withColumns.aliases[0].expr
      #expect(message.commonInlineUserDefinedFunction.pythonUdf.pythonVer == expected)
      #expect(message.commonInlineUserDefinedFunction.deterministic)
    }
  }
}
