import ArrowIPC
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Batches, parameters, asynchronous closures and cancellation.
@Suite struct EvaluationTests {
  private static let sizes = PredictBatchUDF("sizes", returning: .float, batchSize: 4) { _ in
    { (input: Tensor<Float>) -> Tensor<Float> in input }
  }

  @Test(
    arguments: [
      ([10], [4, 4, 2]), ([1, 1, 1, 1, 1], [4, 1]), ([3, 3, 3], [4, 4, 1]), ([4, 4], [4, 4]),
      ([0, 5, 0, 0, 3, 0], [4, 4]), ([2, 9, 1], [4, 4, 4]), ([], []), ([0], []),
    ] as [([Int], [Int])])
  func chunksSpanBatches(batches: [Int], chunks: [Int]) async throws {
    var start = 0
    let input = try batches.map { count in
      defer { start += count }
      let numbers: [Float] = (start..<start + count).map { Float($0) }
      return try Columns.batch(("x", Columns.floats(numbers)))
    }
    let output = try await Self.sizes.evaluateUnchecked(input)
    #expect(output.map(\.rowCount) == chunks)
    let numbers: [ArrowValue] = (0..<start).map { .float(Double($0)) }
    #expect(output.flatMap { $0.columns[0].values } == numbers)
  }

  @Test func aPartitionWithoutRowsLoadsNothing() async throws {
    let worker = WorkerContext(models: ModelCache())
    let empty = try Columns.batch(("x", Columns.floats([])))
    _ = try await Self.sizes.evaluateUnchecked([empty], worker: worker)
    #expect(worker.models.loadCount == 0)
  }

  @Test func parametersReachBothClosures() async throws {
    struct Options: Codable, Sendable { var factor: Float }
    let function = PredictBatchUDF(
      "scaled", returning: .float, batchSize: 2, parameters: Options.self
    ) { worker, options in
      { (input: Tensor<Float>) -> Tensor<Float> in input.map { $0 * options.factor } }
    }
    let batch = try Columns.batch(("x", Columns.floats([1, 2, 3])))
    let worker = WorkerContext(models: ModelCache())
    for factor: Float in [2, 3] {
      let column = try await function.predictLocally(
        on: [batch], parameters: Options(factor: factor), worker: worker)
      #expect(column.values == [1, 2, 3].map { .float(Double($0 * factor)) })
    }
    #expect(worker.models.loadCount == 2)
    let text = await message {
      let invocation = FunctionInvocation(
        function: "scaled", id: "scaled", fingerprint: "", parameters: Array(#"{"x":1}"#.utf8))
      let output = try await function.evaluate(
        BatchList([batch]), invocation: invocation, worker: worker)
      _ = try await output.next()
    }
    #expect(text.contains("INVALID_COMMAND") && text.contains("factor"), "\(text)")
  }

  @Test func closuresMayBeAsynchronous() async throws {
    let function = PredictBatchUDF("slow", returning: .float, batchSize: 2) { worker in
      try await Task.sleep(for: .milliseconds(1))
      return { (input: Tensor<Float>) async throws -> Tensor<Float> in
        try await Task.sleep(for: .milliseconds(1))
        return input
      }
    }
    let batch = try Columns.batch(("x", Columns.floats([1, 2, 3])))
    #expect(try await function.predictLocally(on: [batch]).count == 3)
  }

  @Test func cancellationEndsBetweenChunks() async throws {
    let calls = Log<Int>()
    let function = PredictBatchUDF("endless", returning: .float, batchSize: 1) { _ in
      { (input: Tensor<Float>) -> Tensor<Float> in
        calls.append(1)
        if calls.entries.count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
        return input
      }
    }
    let batch = try Columns.batch(("x", Columns.floats(Array(repeating: 0, count: 100))))
    let result = await Task {
      await message { _ = try await function.evaluateUnchecked([batch]) }
    }.value
    #expect(result == "CancellationError()")
    #expect(calls.entries.count == 3)
  }

  @Test func failedLoadsAreRemembered() async throws {
    struct Missing: Error {}
    let function = PredictBatchUDF("missing", returning: .float, batchSize: 1) { worker in
      if worker.partition >= 0 { throw Missing() }
      return { (input: Tensor<Float>) -> Tensor<Float> in input }
    }
    let batch = try Columns.batch(("x", Columns.floats([1])))
    let worker = WorkerContext(models: ModelCache())
    for _ in 0..<3 {
      let text = await message {
        _ = try await function.evaluateUnchecked([batch], worker: worker)
      }
      #expect(text.contains("[MODEL_LOAD] missing: the model could not be loaded"), "\(text)")
    }
    #expect(worker.models.loadCount == 1)
  }

  @Test func tasksShareOneModel() async throws {
    let worker = WorkerContext(models: ModelCache())
    let function = PredictBatchUDF("shared", returning: .float, batchSize: 1) { worker in
      try await Task.sleep(for: .milliseconds(20))
      return { (input: Tensor<Float>) -> Tensor<Float> in input }
    }
    let batch = try Columns.batch(("x", Columns.floats([1])))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { _ = try await function.evaluateUnchecked([batch], worker: worker) }
      }
      try await group.waitForAll()
    }
    #expect(worker.models.loadCount == 1)
    var other = worker
    other.filesDirectory = "/another/session"
    _ = try await function.evaluateUnchecked([batch], worker: other)
    #expect(worker.models.loadCount == 2)
  }

  @Test func definitionsAreChecked() async throws {
    let none = PredictBatchUDF("none", returning: .float, batchSize: 0) { _ in
      { (input: Tensor<Float>) -> Tensor<Float> in input }
    }
    let text = await message { try none.check(arguments: [("x", .float)]) }
    #expect(text.contains("batchSize is 0"), "\(text)")
    #expect(none.returnType == .float)
  }
}
