import ArrowIPC
import Foundation
import JSONText
import Models
import ONNXRuntime
import Tensors
import Testing

@testable import TextPipelines

/// Answers of transformers' pipeline, as `make_models.py` wrote them.
struct ClassGolden: Decodable {
  struct Case: Decodable, CustomTestStringConvertible {
    var problem: String?
    var answers: [[Classification]]
    var testDescription: String { problem ?? "none" }
  }

  var inputs: [String]
  var rows: [[Int]]
  var cases: [Case]
}

@Suite("Text classification", .needsRuntime)
struct ClassificationTests {
  static let golden: ClassGolden? = {
    do { return try Files.golden("classes") } catch {
      Issue.record("classes.json cannot be read: \(error)")
      return nil
    }
  }()
  static let folder = Files.model("classes")

  private func expectEqual(_ found: Classification, _ expected: Classification) {
    #expect(found.label == expected.label)
    #expect(isClose([found.score], [expected.score], absolute: 1e-5, relative: 1e-4))
  }

  @Test(arguments: golden?.cases ?? [], [1, 4, 32])
  func problems(_ expected: ClassGolden.Case, _ size: Int) async throws {
    let golden = try #require(Self.golden)
    let folder = try FolderCopy(of: Self.folder)
    try folder.change(
      "config.json", ["problem_type": expected.problem.map { .string($0) } ?? .null])
    let classifier = try TextClassifier(
      path: folder.path, options: TextPipelineOptions(batchSize: size))
    for (found, all) in zip(try await classifier.classify(TokenRows(golden.rows)), expected.answers)
    {
      expectEqual(found, try #require(all.first))
    }
  }

  @Test(arguments: 1...3) func bestLabels(_ count: Int) async throws {
    let golden = try #require(Self.golden)
    let expected = try #require(golden.cases.first)
    let classifier = try TextClassifier(path: Self.folder)
    let found = try await classifier.classify(golden.inputs, best: count)
    for (found, expected) in zip(found, expected.answers) {
      #expect(found.count == count)
      for (found, expected) in zip(found, expected) { expectEqual(found, expected) }
    }
  }

  @Test func asAModel() async throws {
    let golden = try #require(Self.golden)
    let expected = try #require(golden.cases.first)
    let text = AnyTensor.string(try StringTensor(golden.inputs))
    let one = try await TextClassifier(path: Self.folder).run(["text": text], outputs: nil)
    guard case .string(let labels)? = one["label"] else {
      Issue.record("no strings")
      return
    }
    #expect(labels.strings == expected.answers.map { $0[0].label })
    #expect(one["score"]?.shape == [golden.inputs.count])
    let top = try TextClassifier(path: Self.folder, topK: 2)
    #expect(top.outputs.map(\.name) == ["labels", "scores"])
    let two = try await top.run(["text": text], outputs: ["labels"])
    #expect(two.keys.sorted() == ["labels"] && two["labels"]?.shape == [golden.inputs.count, 2])

    let wrong: [String: AnyTensor] = ["text": .float32(Tensor([1]))]
    let error = await #expect(throws: TextPipelineError.self) {
      try await top.run(wrong, outputs: nil)
    }
    #expect(error?.message.contains("given are text: float32[1]") == true)
    let unknown = await #expect(throws: TextPipelineError.self) {
      try await top.run(["text": text], outputs: ["label"])
    }
    #expect(unknown?.message.contains("no output called label") == true)
  }

  @Test(arguments: [[], [5, 32]]) func packages(_ size: [Int]) async throws {
    let golden = try #require(Self.golden)
    let network = try ONNXSession(path: Self.folder + "/model.onnx")
    let classifier = try TextClassifier(
      path: Self.folder, model: RenamedModel.package(network, size: size))
    let found = try await classifier.classify(golden.inputs)
    for (found, expected) in zip(found, golden.cases[0].answers) { expectEqual(found, expected[0]) }
  }

  /// Labels that are no strings, and those of folders without id2label, as transformers gives them.
  @Test(arguments: [
    (#"{"id2label": {"0": 0, "1": 1, "2": 2}}"#, ["0", "1", "2"]),
    (#"{"id2label": {"0": 0.5, "1": true, "2": "x"}}"#, ["0.5", "True", "x"]),
    (#"{"id2label": {"2": "c", "0": "a", "1": "b"}}"#, ["a", "b", "c"]),
    (#"{"id2label": null, "num_labels": 3}"#, ["LABEL_0", "LABEL_1", "LABEL_2"]),
    (#"{"id2label": null}"#, ["LABEL_0", "LABEL_1", "LABEL_2"]),
    (#"{"id2label": {"0": "a", "1": "b", "2": "c"}, "num_labels": 7}"#, ["a", "b", "c"]),
  ]) func labels(_ changes: String, _ expected: [String]) async throws {
    let golden = try #require(Self.golden)
    let folder = try FolderCopy(of: Self.folder)
    try folder.change(
      "config.json", JSONDecoder().decode([String: JSONValue].self, from: Data(changes.utf8)))
    let classifier = try TextClassifier(path: folder.path)
    #expect(classifier.labels == expected)
    let names = ["bad", "middling", "good"]
    let found = try await classifier.classify(golden.inputs)
    let reference = golden.cases[0].answers.compactMap { names.firstIndex(of: $0[0].label) }
    #expect(found.map(\.label) == reference.map { expected[$0] })
  }

  @Test(arguments: [
    (#"{"id2label": {"0": null, "1": "b", "2": "c"}}"#, "maps 0 to null"),
    (#"{"id2label": {"0": ["a"], "1": "b", "2": "c"}}"#, #"maps 0 to ["a"]"#),
    (#"{"id2label": {"a": 0, "b": 1, "c": 2}}"#, #"has the key "a""#),
    (#"{"id2label": null, "num_labels": 2}"#, "gives 3 values"),
    (#"{"id2label": {}}"#, "without gaps"),
  ]) func wrongLabels(_ changes: String, _ text: String) throws {
    let folder = try FolderCopy(of: Self.folder)
    try folder.change(
      "config.json", JSONDecoder().decode([String: JSONValue].self, from: Data(changes.utf8)))
    let error = #expect(throws: TextPipelineError.self) { try TextClassifier(path: folder.path) }
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
  }

  /// Numbers of labels that make no sense, of networks that do not tell theirs.
  @Test(arguments: ["0", "-3", "1e15"]) func wrongNumberOfLabels(_ number: String) throws {
    let folder = try FolderCopy(of: Self.folder)
    try folder.write("{\"num_labels\": \(number)}", to: "config.json")
    let error = #expect(throws: TextPipelineError.self) {
      try ClassifierConfiguration(ModelFolder(path: folder.path), outputCount: nil)
    }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message.contains("num_labels") == true, "\(String(describing: error))")
  }

  /// Texts are cut on the side that tokenizer_config.json tells.
  @Test func truncationSide() async throws {
    let folder = try FolderCopy(of: Self.folder)
    try folder.change(
      "tokenizer_config.json",
      ["truncation_side": .string("left"), "model_max_length": .number(6)])
    let classifier = try TextClassifier(path: folder.path)
    let long = try await classifier.classify(["good bad a the dog cat"])
    #expect(try await classifier.classify(["a the dog cat"]) == long)
    #expect(try await classifier.classify(["good bad a the"]) != long)
  }

  /// Without a vocabulary that fits, the network would read beyond its table.
  @Test func idBeyondTheVocabulary() async throws {
    let classifier = try TextClassifier(path: Self.folder)
    let error = await #expect(throws: TextPipelineError.self) {
      try await classifier.classify(TokenRows([[3, 4], [3, 5000, 4]]))
    }
    #expect(error?.code == .vocabularyMismatch)
    #expect(error?.message.contains("row 1 has the token id 5000") == true)
  }
}

@Suite(
  "Sentiment",
  .needsModel(
    Files.example("SentimentTorch/model/model.onnx"), "Examples/SentimentTorch/train.py makes it"))
struct SentimentTests {
  struct Golden: Decodable {
    var inputs: [String]
    var rows: [[Int]]
    var logits: [[Float]]
    var labels: [String]
    var scores: [Float]
  }

  @Test(arguments: [1, 32, 256]) func labels(_ size: Int) async throws {
    let golden = try Files.golden("sentiment", as: Golden.self)
    let classifier = try TextClassifier(
      path: Files.example("SentimentTorch/model"), options: TextPipelineOptions(batchSize: size))
    let rows = TokenRows(golden.rows)
    let found = try await classifier.classify(rows)
    #expect(found.map(\.label) == golden.labels)
    #expect(isClose(found.map(\.score), golden.scores, absolute: 1e-4, relative: 1e-3))
    let logits = try await classifier.logits(of: rows)
    #expect(isClose(logits.scalars, golden.logits.joined(), absolute: 1e-4, relative: 1e-3))
  }

  @Test func texts() async throws {
    let golden = try Files.golden("sentiment", as: Golden.self)
    let classifier = try TextClassifier(path: Files.example("SentimentTorch/model"))
    let found = try await classifier.classify(golden.inputs)
    #expect(found.map(\.label) == golden.labels)
    #expect(isClose(found.map(\.score), golden.scores, absolute: 1e-4, relative: 1e-3))
  }
}
