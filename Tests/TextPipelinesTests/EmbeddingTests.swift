import Foundation
import JSONText
import ONNXRuntime
import Tensors
import Testing

@testable import TextPipelines

/// Vectors of sentence-transformers, as `make_models.py` wrote them.
struct EmbeddingGolden: Decodable {
  struct Case: Decodable, CustomTestStringConvertible {
    var pooling: [String]
    var normalized: Bool
    var vectors: [[Float]]

    var testDescription: String {
      pooling.joined(separator: "+") + (normalized ? " normalised" : "")
    }
  }

  var inputs: [String]
  var rows: [[Int]]
  var cases: [Case]
}

@Suite("Sentence embeddings", .needsRuntime)
struct EmbeddingTests {
  static let golden: EmbeddingGolden? = {
    do { return try Files.golden("embeddings") } catch {
      Issue.record("embeddings.json cannot be read: \(error)")
      return nil
    }
  }()
  static let folder = Files.model("embeddings")

  private func expectEqual(_ vectors: Tensor<Float>, _ expected: [[Float]]) {
    let width = expected.first?.count ?? 0
    #expect(vectors.shape == [expected.count, width])
    #expect(isClose(vectors.scalars, expected.joined(), absolute: 1e-5, relative: 1e-3))
  }

  @Test(arguments: golden?.cases ?? [], [1, 3, 32])
  func pooling(_ expected: EmbeddingGolden.Case, _ size: Int) async throws {
    let golden = try #require(Self.golden)
    let folder = try FolderCopy(of: Self.folder)
    try folder.write(
      "{\"pooling_mode\": [\(expected.pooling.map { "\"\($0)\"" }.joined(separator: ","))]}",
      to: "1_Pooling/config.json")
    let embedder = try SentenceEmbedder(
      path: folder.path, isNormalized: expected.normalized,
      options: TextPipelineOptions(batchSize: size))
    expectEqual(try await embedder.embed(TokenRows(golden.rows)), expected.vectors)
    #expect(embedder.dimensions == expected.vectors[0].count)
  }

  @Test func settingsOfTheFolder() async throws {
    let golden = try #require(Self.golden)
    let embedder = try SentenceEmbedder(path: Self.folder)
    #expect(embedder.pooling == [.mean] && embedder.isNormalized)
    // The tokenizer's file cuts after 6 tokens and pads to 20; max_seq_length is 12.
    expectEqual(try await embedder.embed(golden.inputs), golden.cases[0].vectors)
    let plain = try SentenceEmbedder(path: Self.folder, isNormalized: false)
    expectEqual(try await plain.embed(golden.inputs), golden.cases[1].vectors)
    let first = try SentenceEmbedder(path: Self.folder, pooling: .firstToken)
    expectEqual(try await first.embed(golden.inputs), golden.cases[2].vectors)
  }

  @Test func olderKeysOfPooling() throws {
    for mode in SentencePooling.allCases {
      let folder = try FolderCopy(of: Self.folder)
      var entries: [String: JSONValue] = ["pooling_mode_mean_tokens": .bool(false)]
      entries[mode.olderKey] = .bool(true)
      try folder.change("1_Pooling/config.json", entries)
      #expect(try SentenceEmbedder(path: folder.path).pooling == [mode])
    }
  }

  @Test func plainModel() async throws {
    let golden = try #require(Self.golden)
    let folder = try FolderCopy(of: Self.folder)
    for file in ["modules.json", "1_Pooling/config.json", "sentence_bert_config.json"] {
      try folder.remove(file)
    }
    let embedder = try SentenceEmbedder(path: folder.path)
    #expect(embedder.pooling == [.mean] && !embedder.isNormalized)
    expectEqual(try await embedder.embed(TokenRows(golden.rows)), golden.cases[1].vectors)
  }

  @Test func promptAndLowerCase() async throws {
    let folder = try FolderCopy(of: Self.folder)
    try folder.write(
      #"{"prompts": {"query": "the film "}, "default_prompt_name": "query"}"#,
      to: "config_sentence_transformers.json")
    let prompted = try SentenceEmbedder(path: folder.path)
    let plain = try SentenceEmbedder(path: Self.folder)
    let vectors = try await prompted.embed(["was good"])
    #expect(try await plain.embed(["the film was good"]) == vectors)
    try folder.write(
      #"{"prompts": {}, "default_prompt_name": "ask"}"#, to: "config_sentence_transformers.json")
    #expect(throws: TextPipelineError.self) { try SentenceEmbedder(path: folder.path) }
  }

  @Test(arguments: [[], [4, 12], [1, 20]]) func packages(_ size: [Int]) async throws {
    let golden = try #require(Self.golden)
    let network = try ONNXSession(path: Self.folder + "/onnx/model.onnx")
    let embedder = try SentenceEmbedder(
      path: Self.folder, model: RenamedModel.package(network, size: size))
    expectEqual(try await embedder.embed(golden.inputs), golden.cases[0].vectors)
  }

  @Test func unknownModules() throws {
    let folder = try FolderCopy(of: Self.folder)
    try folder.write(
      #"[{"type": "sentence_transformers.models.Transformer", "path": ""}, "#
        + #"{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]"#,
      to: "modules.json")
    let error = #expect(throws: TextPipelineError.self) {
      try SentenceEmbedder(path: folder.path)
    }
    #expect(error?.code == .unsupportedModel && error?.message.contains("Dense") == true)
  }

  @Test func noRows() async throws {
    let vectors = try await SentenceEmbedder(path: Self.folder).embed([String]())
    #expect(vectors.shape == [0, 24])
  }
}

@Suite(
  "all-MiniLM-L6-v2",
  .needsModel(
    Files.example("SentenceEmbeddings/made/all-MiniLM-L6-v2/onnx/model.onnx"),
    "scripts/make-models SentenceEmbeddings exports it (90 MB)"))
struct MiniLMTests {
  struct Golden: Decodable {
    var inputs: [String]
    var rows: [[Int]]
    var vectors: [[Float]]
  }

  static let folder = Files.example("SentenceEmbeddings/made/all-MiniLM-L6-v2")

  @Test func vectors() async throws {
    let golden = try Files.golden("minilm", as: Golden.self)
    let embedder = try SentenceEmbedder(path: Self.folder)
    let fromIDs = try await embedder.embed(TokenRows(golden.rows))
    #expect(isClose(fromIDs.scalars, golden.vectors.joined(), absolute: 1e-5, relative: 1e-3))
    let fromTexts = try await embedder.embed(golden.inputs)
    #expect(fromTexts == fromIDs)
  }
}
