import Foundation
import HostProcesses
import SparkFunctions
import Testing

@testable import Deployment
@testable import ModelKinds

/// What a folder of HuggingFace's is used for, as its files or the option `pipeline` tell it.
@Suite("Folders of text models")
struct TextFolderTests {
  /// A folder with some files, which goes with the last reference.
  private final class Folder {
    let path = NSTemporaryDirectory() + "needletail-folder-\(UUID().uuidString)"

    init(_ files: [String: String]) throws {
      for (name, content) in files {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: url)
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private static let seq = #""is_encoder_decoder": true"#

  @Test(arguments: [
    (
      ["config.json": #"{"architectures": ["BertForSequenceClassification"]}"#],
      "text-classification"
    ),
    (
      ["config.json": "{\(seq), \"architectures\": [\"BartForSequenceClassification\"]}"],
      "text-classification"
    ),
    (
      ["config.json": "{\(seq), \"architectures\": [\"T5ForConditionalGeneration\"]}"],
      "text-generation"
    ),
    (["config.json": "{\(seq), \"architectures\": [\"MarianMTModel\"]}"], "text-generation"),
    (["config.json": "{\(seq)}", "onnx/encoder_model.onnx": ""], "text-generation"),
    (["config.json": "{\(seq)}", "encoder_model_quantized.onnx": ""], "text-generation"),
    (["config.json": "{\(seq)}", "model.onnx": ""], "text-folder"),
    (["config.json": "{\(seq), \"architectures\": [\"BartForQuestionAnswering\"]}"], "text-folder"),
    (["config.json": #"{"architectures": ["BertModel"]}"#], "text-folder"),
    (["config.json": #"{"architectures": null}"#], "text-folder"),
    (["config.json": "{}"], "text-folder"),
    (["modules.json": "[]", "0_Transformer/config.json": "{}"], "sentence-embeddings"),
    (
      ["modules.json": "[]", "config.json": "{\(seq), \"architectures\": [\"T5EncoderModel\"]}"],
      "sentence-embeddings"
    ),
  ]) func told(_ files: [String: String], _ format: String) throws {
    let folder = try Folder(files)
    #expect(try ModelSource(path: folder.path).format.rawValue == format)
  }

  @Test(arguments: [
    ("text-classification", ModelFormat.textClassification),
    ("sentence-embeddings", .sentenceEmbeddings), ("text-generation", .textGeneration),
    ("embeddings", .sentenceEmbeddings), ("feature-extraction", .sentenceEmbeddings),
    ("sentiment", .textClassification), ("translation", .textGeneration),
  ]) func named(_ name: String, _ format: ModelFormat) throws {
    let folder = try Folder(["config.json": "{}"])
    let source = try ModelSource(path: folder.path)
    #expect(try source.setting("pipeline", to: name).format == format)
    // Options may come before the pipeline or after it.
    let before = try source.setting("file", to: "x.onnx").setting("pipeline", to: name)
    let after = try source.setting("pipeline", to: name).setting("file", to: "x.onnx")
    #expect(before == after && before.options["file"] == "x.onnx")
  }

  @Test func unnamed() async throws {
    let folder = try Folder(["config.json": #"{"architectures": ["BertModel"]}"#])
    let source = try ModelSource(path: folder.path)
    let error = await #expect(throws: NeedletailError.self) { try await source.load() }
    let text = String(describing: error)
    #expect(text.contains("names BertModel, which does not tell"), "\(text)")
    #expect(text.contains("--option pipeline=text-classification"), "\(text)")
    let served = await #expect(throws: NeedletailError.self) { try await source.loadForPlan() }
    #expect(String(describing: served).contains("--option pipeline="))
  }

  @Test func wrongOptions() throws {
    let folder = try Folder(["config.json": "{}"])
    let source = try ModelSource(path: folder.path)
    let unknown = #expect(throws: NeedletailError.self) {
      try source.setting("pipeline", to: "fill-mask")
    }
    #expect(String(describing: unknown).contains("one of text-classification"))
    let other = #expect(throws: NeedletailError.self) {
      try source.setting("topK", to: "2").setting("pipeline", to: "sentence-embeddings")
    }
    #expect(String(describing: other).contains("no option 'topK'"))
  }
}
