import Foundation
import Models
import Tensors
import Testing

@testable import TensorFlowRuntime

@Suite("Memory and threads", .needsRuntime, .serialized)
struct MemoryTests {
  @Test func alignedInputsAreNotCopied() throws {
    let api = try Runtime.library.get().api
    let tensor = Tensor<Float>(repeating: 1, shape: [64])
    let (storage, _) = tensor.memory
    for skipped in [0, 16, 1] {
      let view = try Tensor<Float>(viewing: storage, byteOffset: skipped * 4, shape: [8])
      let native = try TensorFlowTensor(.float32(view), copiesStrings: false, api: api)
      let isShared = native.address == storage.baseAddress + skipped * 4
      #expect(isShared == (skipped != 1), "\(skipped * 4) bytes in")
      #expect(try native.tensor() == .float32(view))
    }
  }

  @Test func outputsAreViewsThatOutliveTheModel() throws {
    var model: SavedModel? = try SavedModel(path: Models.own("mixed"), signature: "constant")
    weak let watched = model
    let results = try #require(try model?.run([:]))
    model = nil
    #expect(watched == nil)
    #expect(results == ["weights": .float32(try Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]))])
  }

  @Test func outputsInTheInputsMemory() throws {
    let model = try SavedModel(path: Models.own("mixed"), signature: "total")
    var result: AnyTensor?
    do {
      let x = Tensor<Float>(repeating: 7, shape: [4096])
      result = try model.run(["x": .float32(x)])["same"]
    }
    let other = Tensor<Float>(repeating: 9, shape: [4096])
    #expect(result == .float32(Tensor(repeating: 7, shape: [4096])))
    #expect(other[0] == 9)
  }

  @Test func stringsThatTheModelKeeps() throws {
    let model = try SavedModel(path: Models.own("mixed"), signature: "remember")
    #expect(model.handle.metaGraph.keepsStrings)
    var expected = "nothing yet"
    for round in 0..<20 {
      let text = String(repeating: "round \(round) of a long text ", count: 20)
      let results = try model.run(["text": .string(StringTensor([text], shape: []))])
      #expect(results == ["before": .string(try StringTensor([expected], shape: []))])
      expected = text
    }
  }

  @Test func signaturesShareTheirVariables() throws {
    let model = try SavedModel(path: Models.own("mixed"), signature: "remember")
    let other = try model.withSignature("constant")
    #expect(model.handle === other.handle && other.signature.name == "constant")
    #expect(try other.run([:]).count == 1)
    #expect(throws: TensorFlowError.self) { try model.withSignature("no such") }
  }

  @Test func memoryIsGivenBack() throws {
    let model = try SavedModel(path: Models.own("mixed"), signature: "total")
    let x = Tensor<Float>(repeating: 1, shape: [256, 1024])
    let words = try SavedModel(path: Models.own("types"), signature: "string")
    let word = try StringTensor(
      [String](repeating: String(repeating: "ab", count: 100), count: 2000), shape: [1000, 2])
    func runSome(_ times: Int) throws {
      for _ in 0..<times {
        _ = try model.run(["x": .float32(x)])
        _ = try words.run(["x": .string(word)])
      }
    }
    try runSome(20)
    let before = try residentMebibytes()
    // Each round allocates more than 2 MiB: 600 MiB in all, were it not given back.
    try runSome(300)
    let growth = try residentMebibytes() - before
    #expect(growth < 100, "memory grew by \(growth) MiB")
  }

  @Test func modelsAreGivenBack() throws {
    let reference = try ModelCase.example("DigitRecognition")
    func loadSome(_ times: Int) throws {
      for _ in 0..<times {
        _ = try SavedModel(path: reference.examplePath).run(reference.feeds)
      }
    }
    try loadSome(10)
    let before = try residentMebibytes()
    // The weights alone are 1.6 MB.
    try loadSome(60)
    let growth = try residentMebibytes() - before
    #expect(growth < 60, "memory grew by \(growth) MiB")
  }

  struct Threads: Sendable {
    var intra: Int
    var inter: Int
    var limit: Int?
  }

  @Test(arguments: [
    Threads(intra: 1, inter: 1), Threads(intra: 2, inter: 2, limit: 3),
    Threads(intra: 0, inter: 0, limit: 1),
  ])
  func concurrentRuns(_ threads: Threads) async throws {
    let reference = try ModelCase.example("TextClassification")
    var options = SavedModelOptions()
    options.intraOpThreads = threads.intra
    options.interOpThreads = threads.inter
    options.maximumConcurrentRuns = threads.limit
    let model = try SavedModel(path: reference.examplePath, options: options)
    let output = try #require(reference.outputs.first)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<10 {
            let index = (task * 7 + round) % output.tensor.rowCount
            let feeds = try reference.feeds.mapValues { try row(index, of: $0) }
            let results = try await model.run(feeds, outputs: nil)
            let expected = try row(index, of: output.tensor)
            #expect(difference(results[output.name], expected, relative: 1e-4) <= 1e-5)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func cancelledBeforeItBegins() async throws {
    let model = try SavedModel(path: Models.own("mixed"), signature: "constant")
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await model.run([:], outputs: nil)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
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
