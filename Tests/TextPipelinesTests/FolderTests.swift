import Foundation
import JSONText
import Tensors
import Testing

@testable import TextPipelines

/// Vectors of sentence-transformers for folders with other files, as `make_settings.py` wrote them.
struct FolderGolden: Decodable {
  struct Case: Decodable, CustomTestStringConvertible {
    /// The files that differ, by their names; null for those that are gone.
    var files: [String: JSONValue]
    var vectors: [[Float]]

    var testDescription: String { JSONValue.object(files).json }

    func folder() throws -> FolderCopy {
      let folder = try FolderCopy(of: Files.model("embeddings"))
      for (name, content) in files {
        if content == .null {
          try folder.remove(name)
        } else {
          try folder.write(content.json, to: name)
        }
      }
      return folder
    }
  }

  var inputs: [String]
  var cases: [Case]
}

@Suite("Folders of sentence-transformers", .needsRuntime)
struct FolderTests {
  static let golden: FolderGolden? = {
    do { return try Files.golden("folders") } catch {
      Issue.record("folders.json cannot be read: \(error)")
      return nil
    }
  }()

  private func expectEqual(_ vectors: Tensor<Float>, _ expected: [[Float]]) {
    let width = expected.first?.count ?? 0
    #expect(vectors.shape == [expected.count, width])
    #expect(isClose(vectors.scalars, expected.joined(), absolute: 1e-5, relative: 1e-3))
  }

  @Test(arguments: golden?.cases ?? [])
  func files(_ expected: FolderGolden.Case) async throws {
    let golden = try #require(Self.golden)
    let folder = try expected.folder()
    let embedder = try SentenceEmbedder(path: folder.path)
    #expect(embedder.dimensions == expected.vectors[0].count)
    expectEqual(try await embedder.embed(golden.inputs), expected.vectors)
    let text = AnyTensor.string(try StringTensor(golden.inputs))
    let outputs = try await embedder.run(["text": text], outputs: nil)
    guard case .float32(let vectors)? = outputs["embedding"] else {
      Issue.record("no vectors")
      return
    }
    expectEqual(vectors, expected.vectors)
  }

  /// The network and its tokenizer may be in a folder of their own, as in the first releases.
  @Test(arguments: ["0_Transformer/model.onnx", "0_Transformer/onnx/model.onnx", "onnx/model.onnx"])
  func networkInAFolder(_ place: String) async throws {
    let golden = try #require(Self.golden)
    let folder = try FolderCopy(of: Files.model("embeddings"))
    for file in [
      "config.json", "tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json",
    ] {
      try folder.move(file, to: "0_Transformer/\(file)")
    }
    if place != "onnx/model.onnx" { try folder.move("onnx/model.onnx", to: place) }
    try folder.write(
      #"[{"type": "sentence_transformers.models.Transformer", "path": "0_Transformer"}, "#
        + #"{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}, "#
        + #"{"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"}]"#,
      to: "modules.json")
    let embedder = try SentenceEmbedder(path: folder.path)
    expectEqual(try await embedder.embed(golden.inputs), golden.cases[0].vectors)
    try folder.remove("0_Transformer/config.json")
    let error = #expect(throws: TextPipelineError.self) { try SentenceEmbedder(path: folder.path) }
    #expect(error?.message.contains("no config.json in 0_Transformer") == true)
  }

  /// What was asked for here comes after what the folder cuts off.
  @Test func lengthOfCutVectors() async throws {
    let golden = try #require(Self.golden)
    let folder = try FolderCopy(of: Files.model("embeddings"))
    try folder.write(#"{"truncate_dim": 7}"#, to: "config_sentence_transformers.json")
    func lengths(_ normalized: Bool?) async throws -> [Float] {
      let embedder = try SentenceEmbedder(path: folder.path, isNormalized: normalized)
      let vectors = try await embedder.embed(golden.inputs)
      return (0..<vectors.rowCount).map { row in
        (0..<7).reduce(0) { $0 + vectors[row, $1] * vectors[row, $1] }.squareRoot()
      }
    }
    for length in try await lengths(true) { #expect(abs(length - 1) < 1e-5) }
    for length in try await lengths(nil) { #expect(length < 0.99) }
  }

  /// What is refused, by the file and its content, and what the error names.
  @Test(arguments: [
    ("config_sentence_transformers.json", #"{"model_type": "CrossEncoder"}"#, "model_type"),
    ("config_sentence_transformers.json", #"{"truncate_dim": 0}"#, "truncate_dim"),
    ("config_sentence_transformers.json", #"{"truncate_dim": "8"}"#, "truncate_dim"),
    ("config_sentence_transformers.json", #"{"default_prompt_name": "ask"}"#, "\"ask\""),
    ("sentence_bert_config.json", #"{"processing_kwargs": {"text": {}}}"#, "processing_kwargs"),
    ("sentence_bert_config.json", #"{"tokenizer_args": {"use_fast": false}}"#, "tokenizer_args"),
    ("sentence_bert_config.json", #"{"transformer_task": "fill-mask"}"#, "fill-mask"),
    (
      "sentence_bert_config.json",
      #"{"modality_config": {"message": {"method": "forward", "method_output_name": "x"}}}"#,
      "modality_config"
    ),
    ("2_Normalize/config.json", #"{"module_input_name": "token_embeddings"}"#, "token_embeddings"),
    ("tokenizer_config.json", #"{"split_special_tokens": true}"#, "split_special_tokens"),
    ("tokenizer_config.json", #"{"truncation_side": "middle"}"#, "truncation_side"),
    (
      "tokenizer_config.json", #"{"tokenizer_class": "AlbertTokenizer", "do_lower_case": false}"#,
      "do_lower_case"
    ),
    (
      "tokenizer_config.json", #"{"add_bos_token": true, "bos_token": "[MASK]"}"#, "add_bos_token"
    ),
    ("tokenizer_config.json", #"{"src_lang": "dog"}"#, "src_lang"),
  ]) func refused(_ file: String, _ content: String, _ name: String) throws {
    let folder = try FolderCopy(of: Files.model("embeddings"))
    try folder.write(content, to: file)
    let error = #expect(throws: TextPipelineError.self) { try SentenceEmbedder(path: folder.path) }
    #expect(error?.message.contains(name) == true, "\(String(describing: error))")
    #expect(error?.message.contains(file) == true, "\(String(describing: error))")
  }

  /// Modules that are not computed, or not in their order.
  @Test(arguments: [
    (["Transformer", "Pooling", "Dense"], "Dense"), (["Transformer", "Normalize"], "Normalize"),
    (["Transformer"], "no module Pooling"), (["Transformer", "Pooling", "LayerNorm"], "LayerNorm"),
    (["Transformer", "WordWeights", "Pooling"], "WordWeights"),
    (["Transformer", "Pooling", "Normalize", "Pooling"], "Pooling"),
  ]) func modules(_ kinds: [String], _ name: String) throws {
    let folder = try FolderCopy(of: Files.model("embeddings"))
    let paths = ["Transformer": "", "Pooling": "1_Pooling"]
    let list = kinds.map {
      "{\"type\": \"sentence_transformers.models.\($0)\", \"path\": \"\(paths[$0] ?? "9_\($0)")\"}"
    }
    try folder.write("[\(list.joined(separator: ", "))]", to: "modules.json")
    let error = #expect(throws: TextPipelineError.self) { try SentenceEmbedder(path: folder.path) }
    #expect(error?.code == .unsupportedModel)
    #expect(error?.message.contains(name) == true, "\(String(describing: error))")
  }

  /// A class of the folder's own code may compute anything.
  @Test func foreignModules() throws {
    let folder = try FolderCopy(of: Files.model("embeddings"))
    try folder.write(
      #"[{"type": "custom_st.Transformer", "path": ""}, "#
        + #"{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]"#,
      to: "modules.json")
    let error = #expect(throws: TextPipelineError.self) { try SentenceEmbedder(path: folder.path) }
    #expect(error?.message.contains("custom_st.Transformer") == true)
  }
}
