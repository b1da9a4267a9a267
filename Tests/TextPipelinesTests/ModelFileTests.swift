import Foundation
import JSONText
import Models
import ONNXRuntime
import Tensors
import Testing

@testable import TextPipelines

/// Which of a folder's files are the network, and what is said of those that are there.
@Suite("Files of networks", .needsRuntime)
struct ModelFileTests {
  private func options(_ file: String) -> TextPipelineOptions { TextPipelineOptions(file: file) }

  @Test func chosen() async throws {
    let golden = try #require(EmbeddingTests.golden)
    let folder = try FolderCopy(of: Files.model("embeddings"))
    try folder.move("onnx/model.onnx", to: "onnx/model_int8.onnx")
    let error = #expect(throws: TextPipelineError.self) { try SentenceEmbedder(path: folder.path) }
    #expect(error?.code == .missingFile)
    #expect(error?.message.contains("no model.onnx") == true)
    #expect(error?.message.contains("There are onnx/model_int8.onnx: choose one") == true)
    #expect(error?.message.contains("--option file=onnx/model_int8.onnx") == true)
    let embedder = try SentenceEmbedder(
      path: folder.path, options: options("onnx/model_int8.onnx"))
    let vectors = try await embedder.embed(golden.inputs)
    #expect(
      isClose(
        vectors.scalars, golden.cases[0].vectors.joined(), absolute: 1e-5, relative: 1e-3))
    let classes = try FolderCopy(of: Files.model("classes"))
    try classes.move("model.onnx", to: "model_fp16.onnx")
    _ = try TextClassifier(path: classes.path, options: options("model_fp16.onnx"))
  }

  @Test(arguments: [
    ("onnx/none.onnx", "no onnx/none.onnx"), ("/tmp/model.onnx", "a path in the model's folder"),
    ("../model.onnx", "a path in the model's folder"),
  ]) func wrong(_ file: String, _ text: String) throws {
    let error = #expect(throws: TextPipelineError.self) {
      try TextClassifier(path: Files.model("classes"), options: options(file))
    }
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
  }

  /// The parts of a generator go together.
  @Test(arguments: [
    ("pair", "onnx/encoder_model_q4.onnx"), ("pair", "onnx/decoder_model_q4.onnx"),
    ("pair", "onnx/decoder_with_past_model_q4.onnx"), ("merged", "onnx/encoder_model_q4.onnx"),
    ("merged", "onnx/decoder_model_merged_q4.onnx"),
  ]) func generators(_ files: String, _ file: String) async throws {
    let golden = try #require(SequenceTests.golden)
    let folder = try #require(DecoderFiles(rawValue: files)).folder()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    for name in names where name.hasSuffix(".onnx") {
      try folder.move(name, to: "onnx/\(name.dropLast(5))_q4.onnx")
    }
    let error = #expect(throws: TextPipelineError.self) { try SequenceGenerator(path: folder.path) }
    #expect(error?.message.contains("no encoder_model.onnx") == true)
    #expect(error?.message.contains("onnx/encoder_model_q4.onnx") == true)
    let generator = try SequenceGenerator(path: folder.path, options: options(file))
    let results = try await generator.generate(TokenRows(golden.rows))
    #expect(results.map(\.ids) == golden.cases[0].ids)
    try folder.remove("onnx/encoder_model_q4.onnx")
    if !file.contains("encoder") {
      let error = #expect(throws: TextPipelineError.self) {
        try SequenceGenerator(path: folder.path, options: options(file))
      }
      #expect(error?.message.contains("there is no encoder_model_q4.onnx") == true)
    }
  }

  /// Marian's tokenizer has no fast form, so that save_pretrained() cannot write tokenizer.json.
  @Test func marian() throws {
    let folder = try FolderCopy(of: Files.model("sequence"))
    try folder.remove("tokenizer.json")
    try folder.write("", to: "source.spm")
    let error = #expect(throws: TextPipelineError.self) { try SequenceGenerator(path: folder.path) }
    #expect(error?.code == .missingFile)
    #expect(error?.message.contains("Marian's tokenizer") == true)
    #expect(error?.message.contains("Write it with") == false)
  }
}

/// A network that wants more than ids, mask and types, and checks it.
private struct DemandingModel: Model {
  let base: any Model
  let extra: [TensorSpecification]
  /// The position of the first token.
  var firstPosition = 0

  var inputs: [TensorSpecification] { base.inputs + extra }
  var outputs: [TensorSpecification] { base.outputs }
  var runtime: String { base.runtime }

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    let ids = try #require(inputs["input_ids"]?.shape)
    for specification in extra {
      let given = try #require(inputs[specification.name])
      #expect(given.elementType == specification.elementType)
      #expect(specification.shape.admits(given.shape))
      switch given {
      case .int64(let positions):
        let count = positions.shape[0]
        #expect(positions.shape == [specification.shape[0] == 1 ? 1 : ids[0], ids[1]])
        let row = (0..<ids[1]).map { Int64(firstPosition + $0) }
        #expect(positions.scalars == Array(repeatElement(row, count: count).joined()))
      case .float32(let past): #expect(past.shape == [ids[0], 4, 0, 8])
      case .bool(let usesPast): #expect(usesPast.scalars == [false])
      default: Issue.record("\(specification) was given \(given.elementType)")
      }
    }
    return try await base.run(
      inputs.filter { name, _ in !extra.contains { $0.name == name } }, outputs: outputNames)
  }
}

@Suite("Inputs of networks", .needsRuntime)
struct NetworkInputTests {
  private static let dynamic = Shape.dynamic

  private static func positions(_ rows: Int = dynamic) -> TensorSpecification {
    TensorSpecification(name: "position_ids", elementType: .int64, shape: [rows, dynamic])
  }

  private static func past(_ name: String, heads: Int = 4) -> TensorSpecification {
    TensorSpecification(
      name: "past_key_values.\(name)", elementType: .float32, shape: [dynamic, heads, dynamic, 8])
  }

  private static let usesPast = TensorSpecification(
    name: "use_cache_branch", elementType: .bool, shape: [1])

  @Test(arguments: [
    [positions()], [positions(1)], [positions(), past("0.key"), past("0.value")],
    [past("0.key"), usesPast],
  ]) func known(_ extra: [TensorSpecification]) async throws {
    let embeddings = try #require(EmbeddingTests.golden)
    let network = try ONNXSession(path: EmbeddingTests.folder + "/onnx/model.onnx")
    let embedder = try SentenceEmbedder(
      path: EmbeddingTests.folder, model: DemandingModel(base: network, extra: extra),
      options: TextPipelineOptions(batchSize: 4))
    let vectors = try await embedder.embed(embeddings.inputs)
    #expect(
      isClose(
        vectors.scalars, embeddings.cases[0].vectors.joined(), absolute: 1e-5, relative: 1e-3))
    let classes = try #require(ClassificationTests.golden)
    let session = try ONNXSession(path: ClassificationTests.folder + "/model.onnx")
    let classifier = try TextClassifier(
      path: ClassificationTests.folder, model: DemandingModel(base: session, extra: extra))
    let found = try await classifier.classify(classes.inputs)
    #expect(found.map(\.label) == classes.cases[0].answers.map { $0[0].label })
  }

  /// RoBERTa and its kin count from the padding token's number + 1.
  @Test func positionsOfRoberta() async throws {
    let folder = try FolderCopy(of: EmbeddingTests.folder)
    try folder.change(
      "config.json", ["model_type": .string("roberta"), "pad_token_id": .number(1)])
    let network = try ONNXSession(path: EmbeddingTests.folder + "/onnx/model.onnx")
    let model = DemandingModel(base: network, extra: [Self.positions()], firstPosition: 2)
    let embedder = try SentenceEmbedder(path: folder.path, model: model)
    #expect(try await embedder.embed(["good", "not bad at all"]).rowCount == 2)
  }

  @Test(arguments: [past("0.key", heads: dynamic), positions()]) func unknown(
    _ specification: TensorSpecification
  ) throws {
    var specification = specification
    if specification.name == "position_ids" { specification.elementType = .string }
    let network = try ONNXSession(path: ClassificationTests.folder + "/model.onnx")
    let error = #expect(throws: TextPipelineError.self) {
      try TextClassifier(
        path: ClassificationTests.folder,
        model: DemandingModel(base: network, extra: [specification]))
    }
    #expect(error?.message.contains("the input \(specification.name)") == true)
  }
}
