import ArrowIPC
import Foundation
import GRPCCore
import GRPCProtobuf
import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import SparkConnect

/// Executions that survive lost connections, are released, cancelled and watched.
struct ExecutionTests {
  private func steps(_ breaks: [Int: FakeConnectServer.Step] = [:], batches: Int = 4) throws
    -> [FakeConnectServer.Step]
  {
    var steps: [FakeConnectServer.Step] = []
    for index in 0..<batches {
      if let step = breaks[index] { steps.append(step) }
      steps.append(.respond(try .batch(try numbers(Int64(index * 10)..<Int64(index * 10 + 10)))))
    }
    if let step = breaks[batches] { steps.append(step) }
    return steps
  }

  @Test(
    "every row arrives once, whatever happens to the connection",
    arguments: [
      [:], [0: .loseConnection], [2: .loseConnection], [4: .loseConnection], [1: .endStream],
      [0: .endStream, 1: .loseConnection, 2: .loseConnection, 3: .loseConnection, 4: .endStream],
    ] as [[Int: FakeConnectServer.Step]])
  func reattaching(breaks: [Int: FakeConnectServer.Step]) async throws {
    let script = try steps(breaks)
    try await withSession { session, server in
      server.onExecute { _ in script }
      let rows = try await session.range(40).collect()
      #expect(rows.map { $0[0] } == (0..<40).map { .int($0) })
      let log = server.log
      #expect(log.executions.count == 1)
      #expect(log.reattachments.count == breaks.count)
      #expect(log.executions[0].requestOptions.first?.reattachOptions.reattachable == true)
      #expect(
        Set(log.reattachments.map(\.operationID)).isSubset(of: [log.executions[0].operationID]))
    }
  }

  @Test("a request that got lost is sent again, and runs once")
  func lostRequest() async throws {
    let script = try steps()
    try await withSession { session, server in
      server.onExecute { _ in script }
      server.state.withLock { $0.lostExecutions = 2 }
      let rows = try await session.range(40).collect()
      #expect(rows.count == 40)
      #expect(server.log.executions.count == 1)
      #expect(server.log.reattachments.count == 2)
    }
  }

  @Test("retries end")
  func retriesEnd() async throws {
    try await withSession { session, server in
      server.state.withLock { $0.lostExecutions = 100 }
      let error = await sparkError { _ = try await session.range(1).collect() }
      #expect(error.kind == .unavailable)
      #expect(error.message.contains("127.0.0.1:\(session.connection.target.port)"))
    }
  }

  @Test("a server's wish for a pause is granted")
  func retryInfo() async throws {
    try await withSession { session, server in
      let busy = GoogleRPCStatus(
        code: .resourceExhausted, message: "busy", details: .retryInfo(delay: .milliseconds(150)))
      server.state.withLock { $0.failures = [busy] }
      let start = ContinuousClock.now
      try await session.conf.set("a", "b")
      #expect(ContinuousClock.now - start >= .milliseconds(150))
      #expect(server.log.settings == ["a": "b"])
    }
  }

  @Test("responses are released while they are consumed, and all at the end")
  func releases() async throws {
    let script = try steps(batches: 40)
    try await withSession { session, server in
      server.onExecute { _ in script }
      let rows = try await session.range(400).collect()
      #expect(rows.count == 400)
      try await expectEventually {
        server.log.releases.compactMap { $0.release }.contains { release in
          if case .releaseAll = release { true } else { false }
        }
      }
      // Nobody waits for these, so they may arrive later.
      try await expectEventually {
        server.log.releases.filter {
          if case .releaseUntil = $0.release { true } else { false }
        }.count == 2
      }
    }
  }

  @Test("a failed execution is released too")
  func releaseAfterFailure() async throws {
    try await withSession { session, server in
      server.onExecute { _ in [.fail(.spark("[DIVIDE_BY_ZERO] Division by zero."))] }
      let error = await sparkError { _ = try await session.range(1).collect() }
      #expect(error.message == "[DIVIDE_BY_ZERO] Division by zero.")
      try await expectEventually { server.log.releases.count == 1 }
    }
  }

  @Test("cancelling the task interrupts its operation at once")
  func cancellation() async throws {
    try await withSession { session, server in
      server.onExecute { _ in [.waitForInterrupt] }
      let task = Task { try await session.range(1).collect() }
      try await expectEventually { server.log.executions.count == 1 }
      let start = ContinuousClock.now
      task.cancel()
      let result = await task.result
      #expect(throws: CancellationError.self) { try result.get() }
      #expect(ContinuousClock.now - start < .seconds(1))
      let log = server.log
      #expect(log.interrupts.map(\.operationID) == log.executions.map(\.operationID))
      #expect(log.interrupts.first?.interruptType == .operationID)
    }
  }

  @Test("an interruption from outside is an error of its own kind")
  func interruptedByTag() async throws {
    try await withSession { session, server in
      server.onExecute { _ in [.waitForInterrupt] }
      session.addTag("mine")
      let task = Task { try await session.range(1).collect() }
      try await expectEventually { server.log.executions.count == 1 }
      #expect(server.log.executions[0].tags == ["mine"])
      _ = try await session.interrupt(tag: "mine")
      let error = await sparkError { _ = try await task.value }
      #expect(error.kind == .cancelled)
      #expect(error.condition == "OPERATION_CANCELED")
    }
  }

  @Test("batches are streamed; leaving the loop interrupts the execution")
  func leavingEarly() async throws {
    let script = try steps(batches: 3) + [.waitForInterrupt]
    try await withSession { session, server in
      server.onExecute { _ in script }
      var seen = 0
      for try await batch in session.range(30).recordBatches() {
        seen += batch.rowCount
        if seen == 20 { break }
      }
      #expect(seen == 20)
      try await expectEventually { server.log.interrupts.count == 1 }
    }
  }

  @Test("a cancelled loop over batches ends")
  func cancelledLoop() async throws {
    try await withSession { session, server in
      server.onExecute { _ in [.waitForInterrupt] }
      let task = Task {
        for try await _ in session.range(30).recordBatches() {}
      }
      try await expectEventually { server.log.executions.count == 1 }
      task.cancel()
      let result = await task.result
      #expect(throws: CancellationError.self) { try result.get() }
      try await expectEventually { server.log.interrupts.count == 1 }
    }
  }

  @Test("an error in the middle of a stream of batches reaches the loop")
  func errorInStream() async throws {
    let script = try steps(batches: 2) + [.fail(.spark("broken"))]
    try await withSession { session, server in
      server.onExecute { _ in script }
      let seen = Mutex(0)
      let error = await sparkError {
        for try await batch in session.range(30).recordBatches() {
          seen.withLock { $0 += batch.rowCount }
        }
      }
      #expect(error.message == "broken")
      #expect(seen.withLock { $0 } == 20)
    }
  }

  @Test("an error of the consumer is its own, and is not retried")
  func consumerError() async throws {
    struct Stop: Error {}
    let script = try steps()
    try await withSession { session, server in
      server.onExecute { _ in script }
      await #expect(throws: Stop.self) {
        try await session.range(40).forEachBatch { _ in throw Stop() }
      }
      #expect(server.log.reattachments.isEmpty)
    }
  }

  @Test("progress reaches the handler and the sequence")
  func progress() async throws {
    @Sendable func report(_ done: Int64) -> FakeConnectServer.Step {
      .respond(
        .with {
          $0.executionProgress = .with {
            $0.numInflightTasks = 2
            $0.stages = [
              .with {
                $0.stageID = 7
                $0.numTasks = 8
                $0.numCompletedTasks = done
                $0.inputBytesRead = 100 * done
                $0.done = done == 8
              }
            ]
          }
        })
    }
    try await withSession { session, server in
      server.onExecute { _ in [report(3), report(8)] }
      let handled = Mutex<[ExecutionProgress]>([])
      session.onProgress { progress in handled.withLock { $0.append(progress) } }
      let updates = session.progress
      _ = try await session.range(1).collect()
      var seen: [ExecutionProgress] = []
      for await progress in updates {
        seen.append(progress)
        if progress.isFinished { break }
      }
      #expect(seen == handled.withLock { $0 })
      #expect(seen.map(\.completedTaskCount) == [3, 8, 0])
      #expect(seen[1].inputBytes == 800)
      #expect(
        seen[1].stages == [
          .init(id: 7, taskCount: 8, completedTaskCount: 8, inputBytes: 800, isDone: true)
        ])
      #expect(Set(seen.map(\.operation)) == [server.log.executions[0].operationID])
    }
  }

  @Test("a response that is no Arrow stream is an error, not a crash")
  func damagedBatch() async throws {
    try await withSession { session, server in
      server.onExecute { _ in
        [.respond(.with { $0.arrowBatch.data = Data([255, 255, 255, 255, 9, 0, 0, 0, 1, 2]) })]
      }
      await #expect(throws: ArrowError.self) { _ = try await session.range(1).collect() }
    }
  }

  @Test("a hundred queries at once share the connection")
  func concurrency() async throws {
    let script = try steps()
    try await withSession { session, server in
      server.onExecute { _ in script }
      let counts = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<100 { group.addTask { try await session.range(40).collect().count } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(counts == Array(repeating: 40, count: 100))
      #expect(Set(server.log.executions.map(\.operationID)).count == 100)
    }
  }
}
