import ArrowIPC
import Foundation
import SparkFunctions
import Testing

@testable import Diagnosis

/// What the function in the workers answers.
struct ExecutorProbeTests {
  private static func run(
    _ wish: ExecutorProbe.Request.Wish, _ worker: WorkerContext = WorkerContext()
  ) async throws -> [RecordBatch] {
    let function = ExecutorProbe()
    let input = BatchList([try RecordBatch([("id", .numbers([Int64(1), 2, 3]))])])
    let output = try await function.evaluate(
      input,
      invocation: try FunctionInvocation(
        function: function, fingerprint: "", parameters: ExecutorProbe.Request(wish: wish)),
      worker: worker)
    var batches: [RecordBatch] = []
    while let batch = try await output.next() { batches.append(batch) }
    return batches
  }

  private struct NoText: Error {}

  private static func answer<Answer: Decodable>(
    _ batches: [RecordBatch], as type: Answer.Type
  ) throws -> Answer {
    let batch = try #require(batches.first)
    #expect(batches.count == 1 && batch.rowCount == 1)
    guard case .string(let text) = batch.columns[0].value(at: 0) else {
      throw NoText()
    }
    return try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  @Test("a worker tells of its machine")
  func facts() async throws {
    let worker = WorkerContext(
      filesDirectory: FileManager.default.temporaryDirectory.path, resources: ["gpu": ["1"]])
    let batches = try await Self.run(.facts, worker)
    let facts = try Self.answer(batches, as: ExecutorFacts.self)
    #expect(facts.process == getpid())
    #expect(facts.host == .here())
    #expect(facts.assignedGPUs == ["1"])
    #expect(facts.files.problem == nil && facts.temporary.problem == nil)
    #expect(!facts.hostName.isEmpty)
  }

  @Test("a worker gives rows back")
  func echo() async throws {
    let batches = try await Self.run(.echo)
    #expect(batches.map(\.rowCount) == [3])
    #expect(batches.first?.columns[0].value(at: 2) == .int(3))
  }
}
