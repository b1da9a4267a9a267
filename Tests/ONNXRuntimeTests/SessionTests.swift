import Foundation
import Models
import ONNXRuntime
import Tensors
import Testing

@Suite("Sessions", .needsRuntime)
struct SessionTests {
  @Test func typedRunOfASingleInput() throws {
    let model = try ONNXSession(path: Models.shared("eight_features.onnx"))
    let prices: Tensor<Float> = try model.run(Tensor<Float>(repeating: 0.5, shape: [3, 8]))
    #expect(prices.shape == [3, 1])
    #expect(prices[0, 0] == prices[2, 0])
  }

  @Test func typedRunOfSeveralInputsAndOneOfTheOutputs() throws {
    let two = try ModelCase.named("two_inputs")
    let inputs = try #require(two.inputs)
    let model = try ONNXSession(path: two.path)
    let sum: Tensor<Float> = try model.run(
      inputs[0].tensor.typed(as: Float.self), inputs[1].tensor.typed(as: Float.self))
    #expect(isClose(.float32(sum), try #require(two.outputs).first!.tensor))

    let scores = try ONNXSession(path: Models.shared("two_outputs.onnx"))
    let labels: Tensor<Int64> = try scores.run(
      Tensor<Float>(repeating: 1, shape: [2, 4]), output: "label")
    #expect(labels.shape == [2])
    let error = #expect(throws: ONNXError.self) {
      let _: Tensor<Int64> = try scores.run(Tensor<Float>(repeating: 1, shape: [2, 4]))
    }
    #expect(error?.message.contains("scores: float32[?, 3], label: int64[?]") == true)
  }

  @Test func stringsKeepNULAndNonASCII() throws {
    let model = try ONNXSession(path: Models.shared("identity.onnx"))
    let words = try StringTensor(["", "a\0b", "grün", "赤 🗺", "\0", ""], shape: [3, 2])
    var feeds = try ModelCase.named("identity").feeds
    feeds["string_in"] = .string(words)
    #expect(try model.run(feeds)["string_out"] == .string(words))
    let blank = try StringTensor(["", ""], shape: [1, 2])
    feeds["string_in"] = .string(blank)
    #expect(try model.run(feeds)["string_out"] == .string(blank))
    // Bytes that are no UTF-8 pass as well.
    let binary = try StringTensor(
      offsets: [0, 2, 4], bytes: [0xFF, 0, 0xC3, 0x28], shape: [1, 2])
    feeds["string_in"] = .string(binary)
    #expect(try model.run(feeds)["string_out"] == .string(binary))
  }

  @Test func typedRunsOfStrings() throws {
    let encoder = try ONNXSession(path: Models.shared("string_input.onnx"))
    let indices: Tensor<Int64> = try encoder.run(StringTensor(["blue", "red", "?"]))
    #expect(indices.scalars == [2, 0, -1])
    let decoder = try ONNXSession(path: Models.shared("string_output.onnx"))
    let names: StringTensor = try decoder.run(indices)
    #expect(names.strings == ["blue", "red", "?"])
  }

  @Test func slicedInputsAreReadWhereTheyLie() throws {
    let model = try ONNXSession(path: Models.shared("eight_features.onnx"))
    let all = Tensor<Float>(shape: [10, 8]) { memory in
      for index in memory.indices { memory.initializeElement(at: index, to: Float(index) / 40) }
    }
    let whole: Tensor<Float> = try model.run(all)
    let part: Tensor<Float> = try model.run(all.rows(3..<7))
    #expect(isClose(.float32(part), .float32(whole.rows(3..<7))))
  }

  @Test func requestedOutputsOnly() async throws {
    let model = try ONNXSession(path: Models.shared("two_outputs.onnx"))
    let x = AnyTensor.float32(Tensor(repeating: 1, shape: [2, 4]))
    let results = try await model.run(["x": x], outputs: ["label"])
    #expect(results.keys.sorted() == ["label"])
    #expect(try await model.run(["x": x], outputs: []).isEmpty)
  }

  @Test func metadata() throws {
    let model = try ONNXSession(path: Models.shared("metadata.onnx"))
    let metadata = model.modelMetadata
    #expect(metadata.producer == "needletail-tests")
    #expect(metadata.graph == "metadata")
    #expect(metadata.domain == "org.needletail.tests")
    #expect(metadata.description == "Negates its input.")
    #expect(metadata.graphDescription == "One node.")
    #expect(metadata.version == 7)
    let custom = ["author": "Needletail", "labels": "first,second", "名": "値"]
    #expect(metadata.custom == custom)
    #expect(model.metadata["version"] == "7" && model.metadata["名"] == "値")
    #expect(model.runtime.hasPrefix("ONNX Runtime 1."))
    #expect(model.providers == ["CPUExecutionProvider"])
    // Other models have no version, or zero.
    let plain = try ONNXSession(path: Models.shared("two_inputs.onnx"))
    #expect(plain.modelMetadata.custom.isEmpty)
    #expect(plain.metadata["description"] == nil)
  }

  @Test func valuesThatAreNoTensors() throws {
    let classifier = try ONNXSession(path: Models.own("zipmap.onnx"))
    #expect(classifier.outputs.map(\.name) == ["label"])
    #expect(classifier.mapOutputs == ["maps"] && classifier.omittedOutputs.isEmpty)
    let x = AnyTensor.float32(try Tensor([0, 1, 0, 2, 1, 0], shape: [2, 3]))
    #expect(try classifier.run(["x": x]) == ["label": .int64(Tensor([1, 0]))])
    for (model, text) in [
      ("sequence_input", "the input parts is a sequence of tensors of float32"),
      ("float8_input", "the input x is a tensor of float8e4m3fn"),
    ] {
      let error = #expect(throws: ONNXError.self) {
        try ONNXSession(path: Models.own("\(model).onnx"))
      }
      #expect(error?.code == .unsupportedModel)
      #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    }
  }

  @Test func maps() async throws {
    let x = AnyTensor.float32(try Tensor([0.25, 1, -2, 2, 0.1, 3], shape: [2, 3]))
    let classifier = try ONNXSession(path: Models.own("zipmap.onnx"))
    let numbered = MapRows([
      ["0": 0.25, "1": 1, "2": -2], ["0": 2, "1": Double(Float(0.1)), "2": 3],
    ])
    let all = try await classifier.runValues(["x": x], outputs: nil)
    #expect(all == ["label": .tensor(.int64(Tensor([1, 2]))), "maps": .maps(numbered)])
    #expect(
      try await classifier.runValues(["x": x], outputs: ["maps"]) == ["maps": .maps(numbered)])
    // A model with nothing but maps.
    let named = try ONNXSession(path: Models.own("zipmap_names.onnx"))
    #expect(named.outputs.isEmpty && named.mapOutputs == ["maps"])
    let maps = try await named.runValues(["x": x], outputs: nil)
    #expect(
      maps["maps"]
        == .maps(
          MapRows([
            ["dog": 0.25, "cat": 1, "ünknown": -2],
            ["dog": 2, "cat": Double(Float(0.1)), "ünknown": 3],
          ])))
    let empty = AnyTensor.float32(try Tensor([], shape: [0, 3]))
    #expect(try await named.runValues(["x": empty], outputs: nil) == ["maps": .maps(MapRows())])
  }

  @Test func sequences() async throws {
    let model = try ONNXSession(path: Models.own("sequence_output.onnx"))
    #expect(model.outputs.isEmpty && model.omittedOutputs.isEmpty)
    #expect(model.sequenceOutputs.map(\.name) == ["parts"])
    #expect(model.sequenceOutputs.map(\.elementType) == [.float32])
    let x = AnyTensor.float32(Tensor([1, 2, 3]))
    #expect(try await model.runValues(["x": x], outputs: nil) == ["parts": .sequence([x])])
    // Its tensors outlive it, and may be many.
    let split = try await ONNXSession(path: Models.own("kinds.onnx")).runValues(
      ["x": .float32(try Tensor([1, 2, 3, 4], shape: [2, 2]))], outputs: ["parts"])
    #expect(
      split["parts"]
        == .sequence([
          .float32(try Tensor([1, 2], shape: [1, 2])),
          .float32(try Tensor([3, 4], shape: [1, 2])),
        ]))
    let error = await #expect(throws: ONNXError.self) {
      try await model.run(["x": x], outputs: ["parts"])
    }
    #expect(
      error?.message.contains(
        "the output parts is a sequence of tensors of float32, not a tensor; call runValues")
        == true)
  }

  @Test func mapsAreNoTensors() async throws {
    let classifier = try ONNXSession(path: Models.own("zipmap.onnx"))
    let error = await #expect(throws: ONNXError.self) {
      let x = AnyTensor.float32(try Tensor([0, 1, 0], shape: [1, 3]))
      return try await classifier.run(["x": x], outputs: ["maps"])
    }
    #expect(
      error?.message.contains(
        "the output maps is a sequence of maps from int64 to float32, not a tensor; call runValues")
        == true)
  }

  @Test func outputsThatCannotBeGivenAreTold() async throws {
    let model = try ONNXSession(path: Models.own("kinds.onnx"))
    #expect(model.outputs.map(\.name) == ["y"])
    #expect(
      model.omittedOutputs.map { "\($0.name) is \($0.kind)" } == [
        "eighth is a tensor of float8e5m2",
        "half_byte is a tensor of int4", "perhaps is an optional value",
      ])
    let x = AnyTensor.float32(try Tensor([1, 2], shape: [1, 2]))
    #expect(try model.run(["x": x]) == ["y": .float32(Tensor([-1, -2], shape: [1, 2]))])
    for output in model.omittedOutputs {
      let error = await #expect(throws: ONNXError.self) {
        try await model.runValues(["x": x], outputs: [output.name])
      }
      #expect(error?.code == .invalidOutput)
      #expect(error?.message.contains("the output \(output)") == true)
    }
  }

  @Test(.enabled(if: ((try? Runtime.library.get().version) ?? .oldest) >= ONNXVersion(1, 24, 0)))
  func anyNumberOfDimensions() throws {
    let model = try ONNXSession(path: Models.own("unranked.onnx"))
    #expect(model.unranked == ["x", "y"])
    for shape in [[], [3], [2, 1, 3]] as [Shape] {
      let result: Tensor<Float> = try model.run(Tensor<Float>(repeating: 2, shape: shape))
      #expect(result == Tensor(repeating: -2, shape: shape))
    }
  }

  @Test func modelThatFailsWithoutRows() throws {
    let model = try ONNXSession(path: Models.own("needs_rows.onnx"))
    let some: Tensor<Float> = try model.run(Tensor<Float>([1, 2, 4, 6], shape: [2, 2]))
    #expect(some.scalars == [0, 0, 3, 4])
    let none: Tensor<Float> = try model.run(Tensor<Float>([], shape: [0, 2]))
    #expect(none.shape == [0, 2])
  }

  @Test func options() throws {
    var options = ONNXSessionOptions()
    options.intraOpThreads = 2
    options.interOpThreads = 2
    options.executionMode = .parallel
    options.optimization = .none
    options.usesMemoryArena = false
    options.usesMemoryPattern = false
    options.logSeverity = .error
    options.configuration = ["session.set_denormal_as_zero": "1"]
    options.maximumConcurrentRuns = 1
    let model = try ONNXSession(path: Models.shared("eight_features.onnx"), options: options)
    let result: Tensor<Float> = try model.run(Tensor<Float>(repeating: 1, shape: [2, 8]))
    #expect(result.shape == [2, 1])
    let data = try JSONEncoder().encode(options)
    #expect(try JSONDecoder().decode(ONNXSessionOptions.self, from: data) == options)
    options.intraOpThreads = -1
    let error = #expect(throws: ONNXError.self) {
      try ONNXSession(path: Models.shared("eight_features.onnx"), options: options)
    }
    #expect(error?.code == .invalidOption)
  }

  @Test func fixedDimensions() throws {
    var options = ONNXSessionOptions()
    options.dimensions = ["batch": 2]
    let model = try ONNXSession(path: Models.shared("eight_features.onnx"), options: options)
    #expect(model.inputs[0].shape == [2, 8])
    let result: Tensor<Float> = try model.run(Tensor<Float>(repeating: 1, shape: [2, 8]))
    #expect(result.shape == [2, 1])
    #expect(throws: ONNXError.self) {
      let _: Tensor<Float> = try model.run(Tensor<Float>(repeating: 1, shape: [3, 8]))
    }
  }

  @Test func profiling() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("needletail-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    var options = ONNXSessionOptions()
    options.profilePrefix = directory.appendingPathComponent("run").path
    let model = try ONNXSession(path: Models.shared("eight_features.onnx"), options: options)
    let _: Tensor<Float> = try model.run(Tensor<Float>(repeating: 1, shape: [1, 8]))
    let file = try model.endProfiling()
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(file.hasPrefix(directory.path) && text.contains("\"Node\""))
  }
}
