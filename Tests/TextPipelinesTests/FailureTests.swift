import Foundation
import JSONText
import Models
import ONNXRuntime
import Tensors
import Testing

@testable import TextPipelines

/// A way to spoil a folder, and what the error must say.
struct Damage: Sendable, CustomTestStringConvertible {
  enum Pipeline: String, Sendable {
    case classes, embeddings, sequence

    func load(_ path: String) throws {
      switch self {
      case .classes: _ = try TextClassifier(path: path)
      case .embeddings: _ = try SentenceEmbedder(path: path)
      case .sequence: _ = try SequenceGenerator(path: path)
      }
    }
  }

  var testDescription: String
  var pipeline: Pipeline
  var code: TextPipelineError.Code
  var texts: [String]
  var spoil: @Sendable (FolderCopy) throws -> Void

  init(
    _ description: String, _ pipeline: Pipeline, _ code: TextPipelineError.Code, _ texts: String...,
    spoil: @escaping @Sendable (FolderCopy) throws -> Void
  ) {
    testDescription = description
    self.pipeline = pipeline
    self.code = code
    self.texts = texts
    self.spoil = spoil
  }

  static let all: [Damage] = [
    Damage("no config", .classes, .missingFile, "no config.json", "optimum-cli") {
      try $0.remove("config.json")
    },
    Damage("no tokenizer", .classes, .missingFile, "no tokenizer.json", "save_pretrained") {
      try $0.remove("tokenizer.json")
    },
    Damage(
      "no model", .classes, .missingFile, "no model.onnx", "onnx/", "--task text-classification"
    ) {
      try $0.remove("model.onnx")
    },
    Damage("no encoder", .sequence, .missingFile, "no encoder_model.onnx", "with-past") {
      try $0.remove("encoder_model.onnx")
    },
    Damage(
      "no decoder", .sequence, .missingFile, "decoder_model_merged.onnx or decoder_model.onnx"
    ) {
      try $0.remove("decoder_model.onnx")
      try $0.remove("decoder_model_merged.onnx")
    },
    Damage("no JSON", .classes, .invalidConfiguration, "config.json", "as JSON") {
      try $0.write("{\"id2label\":", to: "config.json")
    },
    Damage("no object", .classes, .invalidConfiguration, "holds no JSON object") {
      try $0.write("[]", to: "config.json")
    },
    Damage(
      "entry of another kind", .classes, .invalidConfiguration, "\"problem_type\"", "a string"
    ) {
      try $0.change("config.json", ["problem_type": .number(3)])
    },
    Damage("unknown problem", .classes, .invalidConfiguration, "multi_label_classification") {
      try $0.change("config.json", ["problem_type": .string("guess")])
    },
    Damage("labels with gaps", .classes, .invalidConfiguration, "the numbers 0, 2", "gaps") {
      try $0.change(
        "config.json", ["id2label": .object(["0": .string("a"), "2": .string("b")])])
    },
    Damage("too few labels", .classes, .invalidConfiguration, "gives 3 values", "2 labels (a, b)") {
      try $0.change(
        "config.json", ["id2label": .object(["0": .string("a"), "1": .string("b")])])
    },
    Damage(
      "another architecture", .classes, .unsupportedModel, "GPT2LMHeadModel",
      "sequence classification"
    ) {
      try $0.change("config.json", ["architectures": .array([.string("GPT2LMHeadModel")])])
    },
    Damage("no classifier", .classes, .unsupportedModel, "input image", "input_ids") {
      try $0.remove("model.onnx")
      try FileManager.default.copyItem(
        atPath: Files.shared("image.onnx"), toPath: "\($0.path)/model.onnx")
    },
    Damage("no decoder", .sequence, .unsupportedModel, "gives logits") {
      try $0.remove("decoder_model.onnx")
      try FileManager.default.copyItem(
        atPath: "\($0.path)/encoder_model.onnx", toPath: "\($0.path)/decoder_model.onnx")
    },
    Damage("no encoder-decoder", .sequence, .unsupportedModel, "type bert", "T5, BART") {
      try $0.change(
        "config.json", ["is_encoder_decoder": .bool(false), "model_type": .string("bert")])
    },
    Damage(
      "no start token", .sequence, .invalidConfiguration, "decoder_start_token_id"
    ) {
      for file in ["config.json", "generation_config.json"] {
        try $0.change(file, ["decoder_start_token_id": .null, "bos_token_id": .null])
      }
    },
    Damage("sampling", .sequence, .unsupportedModel, "do_sample", "ignoresSampling") {
      try $0.change("generation_config.json", ["do_sample": .bool(true)])
    },
    Damage("groups of beams", .sequence, .unsupportedModel, "num_beam_groups") {
      try $0.change("generation_config.json", ["num_beam_groups": .number(2)])
    },
    Damage("negative length", .sequence, .invalidOption, "maxLength") {
      try $0.change("generation_config.json", ["max_new_tokens": .number(-1)])
    },
    Damage("length beyond reason", .sequence, .invalidOption, "at most 65536") {
      try $0.change("generation_config.json", ["max_length": .number(1e9)])
    },
    Damage("too many beams", .sequence, .invalidOption, "at most 1024") {
      try $0.change("generation_config.json", ["num_beams": .number(1e15)])
    },
    Damage("unknown start token", .sequence, .vocabularyMismatch, "start token 4000") {
      try $0.change("generation_config.json", ["decoder_start_token_id": .number(4000)])
    },
    Damage("no beams", .sequence, .invalidOption, "beams (0, at most") {
      try $0.change("generation_config.json", ["num_beams": .number(0)])
    },
    Damage("early stopping", .sequence, .invalidConfiguration, "true, false or \"never\"") {
      try $0.change("generation_config.json", ["early_stopping": .string("soon")])
    },
    Damage("unknown pooling", .embeddings, .invalidConfiguration, "pooling_mode", "lasttoken") {
      try $0.change("1_Pooling/config.json", ["pooling_mode": .string("median")])
    },
    Damage("no modules", .embeddings, .invalidConfiguration, "list of modules") {
      try $0.write("{}", to: "modules.json")
    },
    Damage("pooling elsewhere", .embeddings, .invalidConfiguration, "no config.json") {
      try $0.write(
        #"[{"type": "sentence_transformers.models.Transformer", "path": ""}, "#
          + #"{"type": "sentence_transformers.models.Pooling", "path": "3_Pooling"}]"#,
        to: "modules.json")
    },
  ]
}

@Suite("Failures of text pipelines", .needsRuntime)
struct FailureTests {
  @Test(arguments: Damage.all) func damaged(_ damage: Damage) throws {
    let folder = try FolderCopy(of: Files.model(damage.pipeline.rawValue))
    try damage.pipeline.load(folder.path)
    try damage.spoil(folder)
    let error = #expect(throws: TextPipelineError.self) {
      try damage.pipeline.load(folder.path)
    }
    #expect(error?.code == damage.code, "\(String(describing: error))")
    for text in damage.texts {
      #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }
  }

  @Test func noFolder() {
    for pipeline in [Damage.Pipeline.classes, .embeddings, .sequence] {
      let error = #expect(throws: TextPipelineError.self) { try pipeline.load("/no/such/folder") }
      #expect(error?.code == .missingFile && error?.model == "/no/such/folder")
    }
  }

  @Test func truncatedModel() throws {
    let folder = try FolderCopy(of: Files.model("classes"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/model.onnx"))
    try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: "\(folder.path)/model.onnx"))
    let error = #expect(throws: ONNXError.self) {
      try TextClassifier(path: folder.path, name: "mine")
    }
    #expect(error?.code == .modelLoad && error?.model == "mine/model.onnx")
  }

  @Test func options() {
    for options in [TextPipelineOptions(batchSize: 0), TextPipelineOptions(maxTokens: 0)] {
      let error = #expect(throws: TextPipelineError.self) {
        try TextClassifier(path: Files.model("classes"), options: options)
      }
      #expect(error?.code == .invalidOption)
    }
    #expect(throws: TextPipelineError.self) {
      try TextClassifier(path: Files.model("classes"), topK: 4)
    }
  }

  /// A decoder that does not give what the one with past takes.
  @Test func decodersOfDifferentModels() throws {
    func part(_ file: String) throws -> ONNXSession {
      try ONNXSession(path: Files.model("sequence") + "/" + file)
    }
    let error = #expect(throws: TextPipelineError.self) {
      try EncoderDecoder(
        encoder: part("encoder_model.onnx"), decoder: part("decoder_with_past_model.onnx"),
        decoderWithPast: part("decoder_with_past_model.onnx"), name: "mixed")
    }
    #expect(error?.code == .unsupportedModel)
    #expect(error?.message.contains("past_key_values.0.encoder.key") == true)
  }

  /// A decoder whose memory is not one of the batch.
  @Test func pastsOfAnotherBatch() async throws {
    let folder = Files.model("sequence")
    func part(_ file: String) throws -> ONNXSession { try ONNXSession(path: "\(folder)/\(file)") }
    let decoder = FirstRowOnly(
      base: try part("decoder_model.onnx"), outputs: ["present.1.decoder.key"])
    let model = try EncoderDecoder(
      encoder: part("encoder_model.onnx"), decoder: decoder,
      decoderWithPast: part("decoder_with_past_model.onnx"), name: "spoiled")
    let generator = try SequenceGenerator(path: folder, model: model)
    let error = await #expect(throws: TextPipelineError.self) {
      try await generator.generate(TokenRows([[3, 1], [4, 1]]))
    }
    #expect(error?.message.contains("present.1.decoder.key is of shape [1, ") == true)
  }

  @Test func cancellation() async throws {
    let generator = try SequenceGenerator(path: Files.model("sequence"))
    let rows = TokenRows(Array(repeating: [3, 4, 1], count: 64))
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await generator.generate(rows)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}

/// A model of whose outputs some have lost all rows but one.
private struct FirstRowOnly: Model {
  let base: ONNXSession
  let spoiled: Set<String>

  init(base: ONNXSession, outputs: Set<String>) {
    self.base = base
    spoiled = outputs
  }

  var inputs: [TensorSpecification] { base.inputs }
  var outputs: [TensorSpecification] { base.outputs }
  var runtime: String { base.runtime }

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    var results = try await base.run(inputs, outputs: outputNames)
    for name in spoiled { results[name] = results[name]?.gathering([0]) }
    return results
  }
}
