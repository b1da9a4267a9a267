import Foundation
import Models
import Tensors
import Testing

@testable import TorchRuntime

@Suite("Memory and threads", .needsRuntime, .serialized)
struct MemoryTests {
  @Test func outputsOutliveTheirModel() throws {
    let reference = try PackageCase.named("types")
    var model: TorchModel? = try TorchModel(path: reference.path)
    weak let watched = model
    let answer = reference.cases[0]
    let results = try #require(try model?.run(answer.feeds))
    model = nil
    #expect(watched == nil)
    for _ in 0..<5 { _ = try TorchModel(path: Runtime.package("fashion")) }
    for output in answer.outputs { #expect(results[output.name] == output.tensor) }
  }

  @Test func outputsInTheMemoryOfInputs() throws {
    let model = try TorchModel(path: Runtime.package("layout"))
    var results: [AnyTensor] = []
    do {
      results = try model.run([
        .float32(Tensor<Float>(repeating: 1, shape: [64, 2])),
        .float32(Tensor<Float>(repeating: 7, shape: [64, 4, 5])),
      ])
    }
    // Memory of the size of the input, which would be given to this tensor if it were free.
    let other = Tensor<Float>(repeating: 9, shape: [64, 4, 5])
    #expect(results[1] == .float32(Tensor(repeating: 7, shape: [64, 4, 5])))
    #expect(other[0, 0, 0] == 9)
  }

  @Test func inputsAndOutputsAreNotCopied() throws {
    let model = try TorchModel(path: Runtime.package("housing"))
    let whole = Tensor<Float>(shape: [10, 8]) { memory in
      for index in memory.indices { memory.initializeElement(at: index, to: Float(index) / 40) }
    }
    let all: Tensor<Float> = try model.run(whole)
    let part: Tensor<Float> = try model.run(whole.rows(3..<7))
    #expect(isClose(.float32(part), .float32(all.rows(3..<7))))
  }

  @Test func memoryIsGivenBack() throws {
    let model = try TorchModel(path: Runtime.package("housing"))
    let x = AnyTensor.float32(Tensor<Float>(repeating: 1, shape: [4096, 8]))
    let layout = try TorchModel(path: Runtime.package("layout"))
    let y = AnyTensor.float32(Tensor<Float>(repeating: 1, shape: [4096, 4, 5]))
    let unused = AnyTensor.float32(Tensor<Float>(repeating: 1, shape: [4096, 2]))
    let two = try TorchModel(path: Runtime.package("two"))
    let bad = AnyTensor.int64(Tensor(repeating: 99, shape: [256, 256]))
    let mask = AnyTensor.float32(Tensor(repeating: 1, shape: [256, 256]))
    func runSome(_ times: Int) throws {
      for _ in 0..<times {
        _ = try model.run([x])
        _ = try layout.run([unused, y])
        #expect(throws: TorchError.self) { try two.run([bad, mask]) }
      }
    }
    try runSome(20)
    let before = try residentMebibytes()
    // Each round allocates some 2 MiB: 600 MiB in all, were it not given back.
    try runSome(300)
    let growth = try residentMebibytes() - before
    #expect(growth < 60, "memory grew by \(growth) MiB")
  }

  @Test func modelsAreGivenBack() throws {
    let x = Tensor<Float>(repeating: 1, shape: [64, 784])
    func loadSome(_ times: Int) throws {
      for _ in 0..<times {
        let model = try TorchModel(path: Runtime.package("fashion"))
        let _: Tensor<Float> = try model.run(x)
        #expect(throws: TorchError.self) {
          var options = TorchModelOptions()
          options.weights = "/no/such/file"
          return try TorchModel(path: Runtime.package("fashion"), options: options)
        }
      }
    }
    try loadSome(5)
    let before = try residentMebibytes()
    // 2.7 MiB of weights each time.
    try loadSome(30)
    let growth = try residentMebibytes() - before
    #expect(growth < 40, "memory grew by \(growth) MiB")
  }

  @Test func temporaryFilesGo() throws {
    let parent = FileManager.default.temporaryDirectory.path
    func left() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: parent)
        .count { $0.hasPrefix("needletail-torch-") }
    }
    let before = try left()
    let model = try TorchModel(path: Runtime.package("blob"))
    #expect(throws: TorchError.self) { try TorchModel(path: Runtime.package("exported_program")) }
    #expect(try left() == before)
    let _: Tensor<Float> = try model.run(Tensor<Float>(repeating: 0, shape: [3, 8]))
  }

  @Test(arguments: [nil, 1, 3])
  func concurrentRuns(limit: Int?) async throws {
    let reference = try PackageCase.named("housing")
    var options = TorchModelOptions()
    options.maximumConcurrentRuns = limit
    let model = try TorchModel(path: reference.path, options: options)
    let answer = try #require(reference.cases.last)
    let x: Tensor<Float> = try answer.inputs[0].tensor.typed()
    let expected: Tensor<Float> = try answer.outputs[0].tensor.typed()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<25 {
            let rows = (task * 7 + round)..<(task * 7 + round + 1 + (task * 5 + round) % 16)
            let results = try await model.run(
              [model.inputs[0].name: .float32(x.rows(rows))], outputs: nil)
            let found = try #require(results[model.outputs[0].name])
            #expect(isClose(found, .float32(expected.rows(rows)), 1e-4))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func failuresAmongConcurrentRuns() async throws {
    var options = TorchModelOptions()
    options.maximumConcurrentRuns = 1
    let model = try TorchModel(path: Runtime.package("two"), options: options)
    let mask = AnyTensor.float32(Tensor(repeating: 1, shape: [3, 5]))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<20 {
            let isBad = (task + round) % 3 == 0
            let ids = AnyTensor.int64(Tensor(repeating: isBad ? 99 : 3, shape: [3, 5]))
            let results = try? await model.run(["ids": ids, "mask": mask], outputs: nil)
            #expect((results == nil) == isBad)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test(arguments: [0, 1, 2]) func threads(_ count: Int) throws {
    var options = TorchModelOptions()
    options.threads = count
    let model = try TorchModel(path: Runtime.package("fashion"), options: options)
    let answer = try #require(PackageCase.named("fashion").cases.last)
    let found = try model.run([answer.inputs[0].tensor])
    #expect(isClose(found[0], answer.outputs[0].tensor, 1e-4))
    if count > 0 {
      var current: UInt32 = 0
      #expect(try Runtime.library.get().api.threadCount?(&current) == 0)
      #expect(Int(current) == count)
    }
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
