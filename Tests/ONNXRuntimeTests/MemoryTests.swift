import Foundation
import Models
import ONNXRuntime
import Tensors
import Testing

@Suite("Memory and threads", .needsRuntime, .serialized)
struct MemoryTests {
  @Test func outputsOutliveTheirSession() throws {
    let reference = try ModelCase.named("identity")
    var model: ONNXSession? = try ONNXSession(path: reference.path)
    weak let watched = model
    let results = try #require(try model?.run(reference.feeds))
    model = nil
    #expect(watched == nil)
    for _ in 0..<20 { _ = try ONNXSession(path: Models.shared("image.onnx")) }
    for output in try #require(reference.outputs) {
      #expect(isClose(try #require(results[output.name]), output.tensor))
    }
  }

  @Test func outputsInTheSessionsMemory() throws {
    var model: ONNXSession? = try ONNXSession(path: Models.own("constant_output.onnx"))
    let x = Tensor<Float>([5, 6])
    let results = try #require(try model?.run(["x": .float32(x)]))
    model = nil
    #expect(results == ["same": .float32(x), "fixed": .float32(Tensor([1, 2, 3]))])
  }

  @Test func outputsDoNotLieInTheInputs() throws {
    let model = try ONNXSession(path: Models.own("constant_output.onnx"))
    var result: AnyTensor?
    do {
      let x = Tensor<Float>(repeating: 7, shape: [4096])
      result = try model.run(["x": .float32(x)])["same"]
    }
    // Memory of the size of the input, which would be given to this tensor if it were free.
    let other = Tensor<Float>(repeating: 9, shape: [4096])
    #expect(result == .float32(Tensor(repeating: 7, shape: [4096])))
    #expect(other[0] == 9)
  }

  @Test func memoryIsGivenBack() throws {
    let model = try ONNXSession(path: Models.shared("dynamic_sequence.onnx"))
    let x = Tensor<Float>(repeating: 1, shape: [256, 1024])
    let words = try ONNXSession(path: Models.shared("string_input.onnx"))
    let word = try StringTensor(
      [String](repeating: String(repeating: "ab", count: 100), count: 2000))
    func runSome(_ times: Int) throws {
      for _ in 0..<times {
        _ = try model.run(["x": .float32(x)])
        _ = try words.run(["word": .string(word)])
      }
    }
    try runSome(20)
    let before = try residentMebibytes()
    // Each round allocates 1.5 MiB: 450 MiB in all, were it not given back.
    try runSome(300)
    let growth = try residentMebibytes() - before
    #expect(growth < 100, "memory grew by \(growth) MiB")
  }

  @Test func sessionsAreGivenBack() throws {
    func loadSome(_ times: Int) throws {
      for _ in 0..<times {
        let model = try ONNXSession(path: Models.shared("image.onnx"))
        let _: Tensor<Float> = try model.run(Tensor<Float>(repeating: 1, shape: [64, 3, 8, 8]))
        #expect(throws: ONNXError.self) { try ONNXSession(path: Models.own("sequence_input.onnx")) }
      }
    }
    try loadSome(20)
    let before = try residentMebibytes()
    try loadSome(200)
    let growth = try residentMebibytes() - before
    #expect(growth < 50, "memory grew by \(growth) MiB")
  }

  @Test(arguments: [nil, 1, 3])
  func concurrentRuns(limit: Int?) async throws {
    let reference = try ModelCase.named("image")
    var options = ONNXSessionOptions()
    options.maximumConcurrentRuns = limit
    let model = try ONNXSession(path: reference.path, options: options)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<25 {
            let rows = 1 + (task * 7 + round) % 16
            let feeds = try reference.feeds.mapValues { try tiled($0, rows: rows) }
            let results = try await model.run(feeds, outputs: nil)
            let expected = try tiled(try #require(reference.outputs)[0].tensor, rows: rows)
            #expect(isClose(try #require(results["features"]), expected))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test(.timeLimit(.minutes(1))) func cancellationStopsARun() async throws {
    let model = try ONNXSession(path: Models.own("endless.onnx"))
    let x = AnyTensor.float32(Tensor(repeating: 1, shape: [64]))
    let task = Task { try await model.run(["x": x], outputs: nil) }
    try await Task.sleep(for: .milliseconds(200))
    let start = ContinuousClock.now
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  private func residentMebibytes() throws -> Int {
    // Files in /proc have no size, so they are read to their end.
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/statm"))
    let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    let fields = text.split(separator: " ")
    try #require(fields.count > 1)
    return try #require(Int(fields[1])) * 4096 / 1_048_576
  }
}
