import Models
import Tensors
import Testing

@testable import TorchRuntime

@Suite("Packages equal PyTorch", .needsRuntime)
struct ReferenceTests {
  /// Those that need no plug-in.
  static let working = PackageCase.all.filter { $0.name != "dispatcher" }

  @Test func thereAreCases() { #expect(Self.working.count >= 10) }

  @Test(arguments: working)
  func signature(_ reference: PackageCase) throws {
    let model = try TorchModel(path: reference.path)
    for (found, expected) in [
      (model.inputs, reference.signature.inputs), (model.outputs, reference.signature.outputs),
    ] {
      try #require(found.count == expected.count)
      for (found, expected) in zip(found, expected) {
        #expect(found.elementType == expected.type)
        var shape = expected.shape.map { $0 ?? Shape.dynamic }
        if model.fixedBatch != nil { shape[0] = Shape.dynamic }
        #expect(found.shape.dimensions == shape, "\(found) of \(reference.name)")
      }
    }
    #expect(model.runtime.hasPrefix("PyTorch 2."))
    #expect(model.device == .cpu && model.metadata["AOTI_DEVICE_KEY"] == "cpu")
  }

  @Test(arguments: working)
  func outputs(_ reference: PackageCase) async throws {
    let model = try TorchModel(path: reference.path)
    for answer in reference.cases {
      let tensors = answer.inputs.map(\.tensor)
      let positional = try model.run(tensors)
      let feeds = Dictionary(uniqueKeysWithValues: zip(model.inputs.map(\.name), tensors))
      let named = try model.run(feeds)
      let asynchronous = try await model.run(feeds, outputs: nil)
      try #require(positional.count == answer.outputs.count)
      for (index, output) in answer.outputs.enumerated() {
        let found = positional[index]
        #expect(
          isClose(found, output.tensor, answer.tolerance),
          "\(reference.name), \(answer.rows) rows, \(output.name): \(found), not \(output.tensor)")
        #expect(named[model.outputs[index].name] == found)
        #expect(asynchronous[model.outputs[index].name] == found)
      }
    }
  }

  @Test(arguments: ["two", "types"])
  func keywordNames(_ name: String) throws {
    let reference = try PackageCase.named(name)
    let model = try TorchModel(path: reference.path)
    #expect(model.inputs.map(\.name) == reference.signature.inputs.map(\.name))
    #expect(model.outputs.map(\.name) == reference.signature.outputs.map(\.name))
  }

  @Test func namesInMetadata() throws {
    let model = try TorchModel(path: Runtime.package("scalars"))
    #expect(model.inputs.map(\.name) == ["x", "factor"])
    #expect(model.outputs.map(\.name) == ["total", "scaled"])
    #expect(model.metadata["author"] == "Needletail")
  }

  @Test(arguments: ["fashion", "housing"])
  func goldens(_ name: String) throws {
    let reference = try PackageCase.named(name)
    let answer = try #require(reference.cases.last)
    let model = try TorchModel(path: reference.path)
    #expect(answer.rows >= 88)
    let x: Tensor<Float> = try answer.inputs[0].tensor.typed()
    let expected: Tensor<Float> = try answer.outputs[0].tensor.typed()
    // In batches as Spark makes them, with a last row on its own.
    for size in [answer.rows, 50, 7, answer.rows - 1, 1] {
      var start = 0
      while start < x.rowCount {
        let range = start..<min(start + size, x.rowCount)
        let found: Tensor<Float> = try model.run(x.rows(range))
        #expect(isClose(.float32(found), .float32(expected.rows(range)), 1e-4))
        if name == "fashion" { #expect(found.argmax() == expected.rows(range).argmax()) }
        start = range.upperBound
      }
    }
  }
}

@Suite("Batches", .needsRuntime)
struct BatchTests {
  private func rows(_ count: Int, _ width: Int) -> Tensor<Float> {
    Tensor(shape: [count, width]) { memory in
      for index in memory.indices {
        memory.initializeElement(at: index, to: Float(index % 97) / 97 - 0.5)
      }
    }
  }

  @Test(arguments: ["fixed", "one"], [1, 2, 3, 4, 5, 8, 11])
  func anyNumberOfRowsOnAFixedBatch(_ name: String, _ count: Int) throws {
    let model = try TorchModel(path: Runtime.package(name))
    #expect(model.fixedBatch == (name == "one" ? 1 : 4))
    #expect(model.inputs[0].shape == [-1, 3] && model.inputs[0].dimensionNames == ["batch", nil])
    let (a, b) = (rows(count, 3), rows(count, 2))
    let results = try model.run([.float32(a), .float32(b)])
    for row in 0..<count {
      let sum = a[row, 0] + a[row, 1] + a[row, 2]
      let first: Tensor<Float> = try results[0].typed()
      let second: Tensor<Float> = try results[1].typed()
      #expect(first.shape == [count, 2] && second.shape == [count])
      #expect(abs(first[row, 1] - (sum + b[row, 1])) < 1e-5)
      #expect(abs(second[row] - 2 * sum) < 1e-5)
    }
  }

  @Test func moreRowsThanTheBounds() throws {
    let model = try TorchModel(path: Runtime.package("housing"))
    #expect(model.batchBounds == 2...4096)
    let x = rows(9000, 8)
    let all: Tensor<Float> = try model.run(x)
    #expect(all.shape == [9000, 1])
    for start in [0, 4095, 4096, 8191, 8999] {
      let one: Tensor<Float> = try model.run(x.rows(start..<start + 1))
      #expect(abs(one[0, 0] - all[start, 0]) < 1e-5)
    }
  }

  @Test(arguments: ["housing", "two", "fixed", "layout"])
  func batchOfNoRows(_ name: String) throws {
    let model = try TorchModel(path: Runtime.package(name))
    let reference = try PackageCase.named(name)
    let tensors = try reference.cases[0].inputs.map {
      try AnyTensor(emptyOf: $0.tensor.elementType, shape: $0.tensor.shape.rowShape.batched(0))
    }
    for (result, output) in zip(try model.run(tensors), reference.cases[0].outputs) {
      #expect(result.elementType == output.tensor.elementType)
      #expect(result.shape == output.tensor.shape.rowShape.batched(0))
    }
  }

  @Test func withoutFitting() throws {
    var options = TorchModelOptions()
    options.fitsBatches = false
    let fixed = try TorchModel(path: Runtime.package("fixed"), options: options)
    #expect(fixed.inputs[0].shape == [4, 3] && fixed.fixedBatch == nil)
    let short = #expect(throws: TorchError.self) {
      try fixed.run([.float32(rows(3, 3)), .float32(rows(3, 2))])
    }
    #expect(short?.message.contains("batches of 4 rows, and the tensors have 3") == true)
    let dynamic = try TorchModel(path: Runtime.package("housing"), options: options)
    let one = #expect(throws: TorchError.self) {
      let _: Tensor<Float> = try dynamic.run(rows(1, 8))
    }
    #expect(one?.message.contains("batches of 2 to 4096 rows") == true)
  }

  @Test func outputsWithoutRowsCannotBeFitted() throws {
    let model = try TorchModel(path: Runtime.package("scalars"))
    let factor = Tensor<Float>(repeating: 2, shape: [])
    let two = try model.run([.float32(rows(2, 4)), .float32(factor)])
    #expect(two[0].shape == [] && two[1].shape == [2, 4])
    let error = #expect(throws: TorchError.self) {
      try model.run([.float32(rows(1, 4)), .float32(factor)])
    }
    // That an output has none does not matter where others are wanted alone.
    for count in [0, 1] {
      let scaled = try model.run([.float32(rows(count, 4)), .float32(factor)], at: [1])
      #expect(scaled.map(\.shape) == [[count, 4]])
    }
    #expect(error?.code == .invalidInput)
    #expect(error?.message.contains("does not have a row for each row") == true)
  }

  @Test func declaredInputsAndOutputs() throws {
    var options = TorchModelOptions()
    options.inputs = [.init(name: "features", elementType: .float32, shape: [-1, 8])]
    options.outputs = [.init(name: "price", elementType: .float32, shape: [-1, 1])]
    let model = try TorchModel(path: Runtime.package("housing"), options: options)
    #expect(model.inputs.map(\.name) == ["features"] && model.outputs.map(\.name) == ["price"])
    let prices = try model.run(["features": .float32(rows(3, 8))])
    #expect(prices["price"]?.shape == [3, 1])
  }
}
