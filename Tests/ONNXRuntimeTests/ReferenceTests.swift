import Models
import Tensors
import Testing

@testable import ONNXRuntime

@Suite("Models equal Python's onnxruntime", .needsRuntime)
struct ReferenceTests {
  static let working = ModelCase.all.filter { $0.fails == nil }

  @Test func thereAreCases() { #expect(Self.working.count >= 15) }

  @Test(arguments: working)
  func signature(_ reference: ModelCase) throws {
    let model = try ONNXSession(path: reference.path)
    let signature = try #require(reference.signature)
    for (found, expected) in [(model.inputs, signature.inputs), (model.outputs, signature.outputs)]
    {
      try #require(found.map(\.name) == expected.map(\.name))
      for (found, expected) in zip(found, expected) {
        #expect(found.elementType == expected.type)
        try #require(found.shape.rank == expected.shape.count)
        for (index, dimension) in expected.shape.enumerated() {
          switch dimension {
          case .size(let size): #expect(found.shape[index] == size)
          case .name(let name):
            #expect(found.shape[index] == Shape.dynamic)
            #expect(found.dimensionNames[index] == name)
          }
        }
      }
    }
    #expect(model.unranked.isEmpty && model.mapOutputs.isEmpty && model.omittedOutputs.isEmpty)
  }

  @Test(arguments: working)
  func outputs(_ reference: ModelCase) async throws {
    let model = try ONNXSession(path: reference.path)
    let feeds = reference.feeds
    let expected = try #require(reference.outputs)
    let synchronous = try model.run(feeds)
    let asynchronous = try await model.run(feeds, outputs: nil)
    let positional = try model.run((reference.inputs ?? []).map(\.tensor))
    #expect(synchronous.count == expected.count)
    for (index, output) in expected.enumerated() {
      let found = try #require(synchronous[output.name])
      #expect(isClose(found, output.tensor), "\(output.name): \(found), not \(output.tensor)")
      #expect(asynchronous[output.name] == found)
      #expect(positional[index] == found)
    }
  }

  static let batched = working.filter { reference in
    let entries = (reference.signature?.inputs ?? []) + (reference.signature?.outputs ?? [])
    return entries.allSatisfy { entry in
      if case .name("batch") = entry.shape.first { true } else { false }
    }
  }

  @Test(arguments: batched, [1, 3, 1024])
  func batchSizes(_ reference: ModelCase, rows: Int) throws {
    let model = try ONNXSession(path: reference.path)
    let results = try model.run(reference.feeds.mapValues { try tiled($0, rows: rows) })
    for output in try #require(reference.outputs) {
      let found = try #require(results[output.name])
      #expect(isClose(found, try tiled(output.tensor, rows: rows)), "\(output.name) of \(rows)")
    }
  }

  @Test(arguments: batched)
  func batchOfNoRows(_ reference: ModelCase) throws {
    let model = try ONNXSession(path: reference.path)
    let feeds = try reference.feeds.mapValues {
      try AnyTensor(emptyOf: $0.elementType, shape: $0.shape.rowShape.batched(0))
    }
    let results = try model.run(feeds)
    for output in model.outputs {
      let found = try #require(results[output.name])
      #expect(found.elementType == output.elementType)
      #expect(found.rowCount == 0 && found.shape.rank == output.shape.rank)
    }
  }

  @Test(arguments: working)
  func fromBytes(_ reference: ModelCase) throws {
    let fromPath = try ONNXSession(path: reference.path)
    let fromBytes = try ONNXSession(bytes: Models.bytes(reference.path))
    #expect(fromBytes.inputs == fromPath.inputs && fromBytes.outputs == fromPath.outputs)
    #expect(try fromBytes.run(reference.feeds) == fromPath.run(reference.feeds))
  }
}
