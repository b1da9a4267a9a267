import Foundation
import Models
import Tensors
import Testing

@testable import TensorFlowRuntime

@Suite("SavedModels equal Python's TensorFlow", .needsRuntime)
struct ReferenceTests {
  @Test func thereAreCases() {
    #expect(ModelCase.own.count == 19 && ModelCase.examples.count == 5)
  }

  @Test(arguments: ModelCase.own)
  func signature(_ reference: ModelCase) throws {
    let model = try SavedModel(
      path: Models.own(reference.model), signature: reference.signature)
    #expect(model.signature.name == reference.signature)
    for (found, expected) in [(model.inputs, reference.takes), (model.outputs, reference.gives)] {
      let expected = try #require(expected)
      try #require(Set(found.map(\.name)) == Set(expected.keys))
      for tensor in found {
        let expected = try #require(expected[tensor.name])
        #expect(tensor.elementType == expected.type)
        #expect(model.signature.unranked.contains(tensor.name) == (expected.shape == nil))
        #expect(tensor.shape == Shape(expected.shape ?? []))
      }
    }
  }

  @Test(arguments: ModelCase.own)
  func outputs(_ reference: ModelCase) async throws {
    let model = try SavedModel(
      path: Models.own(reference.model), signature: reference.signature)
    let synchronous = try model.run(reference.feeds)
    let asynchronous = try await model.run(reference.feeds, outputs: nil)
    let positional = try model.run(model.inputs.map { try #require(reference.feeds[$0.name]) })
    #expect(synchronous.count == reference.outputs.count)
    for output in reference.outputs {
      #expect(synchronous[output.name] == output.tensor, "\(output.name)")
      #expect(asynchronous[output.name] == output.tensor)
      let index = try #require(model.outputs.firstIndex { $0.name == output.name })
      #expect(positional[index] == output.tensor)
    }
  }

  @Test(arguments: ModelCase.examples)
  func examples(_ reference: ModelCase) throws {
    let model = try SavedModel(path: reference.examplePath)
    let output = try #require(reference.outputs.first)
    let limits = (try #require(reference.absolute), try #require(reference.relative))
    let all = try model.run(reference.feeds)
    let worst = difference(all[output.name], output.tensor, relative: limits.1)
    #expect(worst <= limits.0, "\(worst)")
    for index in 0..<min(output.tensor.rowCount, 12) {
      let single = try model.run(reference.feeds.mapValues { try row(index, of: $0) })
      let expected = try row(index, of: output.tensor)
      let worst = difference(single[output.name], expected, relative: limits.1)
      #expect(worst <= limits.0, "row \(index): \(worst)")
    }
  }

  @Test(arguments: ModelCase.examples)
  func batchOfNoRows(_ reference: ModelCase) throws {
    let model = try SavedModel(path: reference.examplePath)
    let results = try model.run(
      reference.feeds.mapValues {
        try AnyTensor(emptyOf: $0.elementType, shape: $0.shape.rowShape.batched(0))
      })
    for output in model.outputs {
      let found = try #require(results[output.name])
      #expect(found.elementType == output.elementType)
      #expect(found.rowCount == 0 && found.shape.rank == output.shape.rank)
    }
  }
}
