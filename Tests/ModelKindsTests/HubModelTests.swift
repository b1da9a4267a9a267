import FakeHub
import Foundation
import ModelHub
import SparkFunctions
import Testing

@testable import Deployment
@testable import ModelKinds

/// Models with ids: what is fetched of them, what they are, and what goes to the executors.
@Suite("Models with ids", .timeLimit(.minutes(2)))
struct HubModelTests {
  /// A hub with these files, and an empty cache, which goes with the last reference.
  private final class Place: Sendable {
    let fake: FakeHub
    let folder = NSTemporaryDirectory() + "needletail-ids-\(UUID().uuidString)"

    init(_ files: [String: String]) throws {
      var contents: [String: FakeHub.File] = [:]
      for (name, text) in files {
        // The least that is an ONNX file: the version of its form.
        contents[name] =
          name.hasSuffix(".onnx") ? FakeHub.File(Data([8, 8]), isLarge: true) : FakeHub.File(text)
      }
      fake = try FakeHub(contents)
    }

    init(folder: String, under place: String = "") throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      var files: [String: FakeHub.File] = [:]
      for file in try FolderFiles(root.appending(path: folder).path).files {
        files[place + file.name] = FakeHub.File(
          try Data(contentsOf: URL(filePath: file.path)), isLarge: file.name.contains(".onnx"))
      }
      fake = try FakeHub(files)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func hub() throws -> Hub { try Hub(environment: fake.environment(cache: folder)) }

    func source(_ id: String = "hf:org/model") throws -> ModelSource {
      try ModelKinds.builtIn.source(withID: id, of: hub())
    }

    /// The files of the repository that were fetched.
    var fetched: [String] {
      fake.requests.compactMap { request in
        let parts = request.target.components(separatedBy: "/resolve/")
        return parts.count < 2
          ? nil : parts[1].split(separator: "/", maxSplits: 1).last.map(String.init)
      }.sorted()
    }
  }

  private static let encoder = #"{"architectures": ["BertForSequenceClassification"]}"#
  private static let generator =
    #"{"architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": true}"#

  @Test(
    "of a repository only what the kind needs is fetched",
    arguments: [
      (
        ["config.json": encoder, "tokenizer.json": "", "model.onnx": "", "onnx/model.onnx": ""],
        "text-classification", ["model.onnx"]
      ),
      (
        ["config.json": encoder, "onnx/model.onnx": "", "onnx/model_quantized.onnx": ""],
        "text-classification", ["onnx/model.onnx"]
      ),
      (
        ["config.json": encoder, "saved_model/saved_model.pb": "", "saved_model/variables/v": ""],
        "text-classification", ["saved_model/saved_model.pb", "saved_model/variables/v"]
      ),
      (
        [
          "modules.json": #"[{"path": "0_T"}, {"path": "1_P"}]"#, "0_T/config.json": "{}",
          "0_T/model.onnx": "", "1_P/config.json": "{}", "2_X/config.json": "{}",
        ], "sentence-embeddings", ["0_T/config.json", "0_T/model.onnx", "1_P/config.json"]
      ),
      (
        [
          "config.json": generator, "onnx/encoder_model.onnx": "", "onnx/decoder_model.onnx": "",
          "onnx/decoder_model_merged.onnx": "", "onnx/encoder_model_int8.onnx": "",
        ], "text-generation", ["onnx/decoder_model_merged.onnx", "onnx/encoder_model.onnx"]
      ),
      (
        [
          "config.json": generator, "encoder_model.onnx": "", "decoder_model.onnx": "",
          "decoder_model_merged.onnx": "", "decoder_with_past_model.onnx": "",
        ], "text-generation",
        ["decoder_model.onnx", "decoder_with_past_model.onnx", "encoder_model.onnx"]
      ),
      (
        ["saved_model.pb": "", "variables/a.index": "", "assets/v.txt": "", "saved.zip": ""],
        "saved-model", ["assets/v.txt", "variables/a.index"]
      ),
    ] as [([String: String], String, [String])])
  func selection(_ files: [String: String], _ format: String, _ networks: [String]) throws {
    // Weights for others, which are the most of a repository.
    let others = ["model.safetensors": "", "README.md": "", "pytorch_model.bin": ""]
    let place = try Place(files.merging(others) { $1 })
    let source = try place.source()
    #expect(source.format.rawValue == format)
    #expect(source.path == "hf:org/model")
    let local = try source.place(place.hub())
    let descriptions = files.keys.filter {
      ["config.json", "tokenizer.json", "modules.json", "saved_model.pb"].contains($0)
    }
    let expected = (descriptions + networks).sorted()
    #expect(local.files == expected)
    // Empty files are made without asking.
    #expect(Set(place.fetched).isSubset(of: Set(expected)))
    #expect(FileManager.default.fileExists(atPath: "\(local.path)/\(networks[0])"))
    #expect(!FileManager.default.fileExists(atPath: "\(local.path)/model.safetensors"))
  }

  @Test("the option file takes another network")
  func chosen() throws {
    let place = try Place([
      "config.json": Self.encoder, "onnx/model.onnx": "", "onnx/model_int8.onnx": "",
    ])
    let source = try place.source().setting("file", to: "onnx/model_int8.onnx")
    #expect(try source.place(place.hub()).files == ["config.json", "onnx/model_int8.onnx"])
    let error = #expect(throws: HubError.self) {
      try place.source().setting("file", to: "int8.onnx").place(place.hub())
    }
    #expect(error?.message.contains("There are onnx/model.onnx, onnx/model_int8.onnx") == true)
  }

  @Test("a file with its data is one model, and goes to the executors whole")
  func file() throws {
    let place = try Place(folder: "ONNXRuntimeTests/Models/external/parts", under: "v2/")
    let source = try place.source("hf:org/model@main/v2/model.onnx")
    #expect(source.format == .onnx)
    #expect(source.plainName == "model")
    let packed = try source.packed(from: place.hub())
    #expect(packed.reference.name == "hf:org/model@main/v2/model.onnx")
    #expect(packed.reference.file.hasSuffix("-model.onnx/model.onnx"))
    #expect(
      place.fetched == ["v2/model.onnx", "v2/weights/one.bin", "v2/weights/ten.bin"])
    // The same file from a folder here is the same file there.
    let models = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "ONNXRuntimeTests/Models/external/parts/model.onnx").path
    #expect(try ModelSource.onnx(models).packed().reference.file == packed.reference.file)
  }

  @Test("a whole model goes to the executors without what others keep in the cache")
  func folder() throws {
    let place = try Place(folder: "TextPipelinesTests/Models/classes")
    let source = try place.source()
    let local = try source.place(place.hub())
    let before = try source.packed(from: place.hub())
    #expect(before.artifacts.count == 1)
    try Data("x".utf8).write(to: URL(filePath: local.path + "/pytorch_model.bin"))
    let after = try source.packed(from: place.hub())
    #expect(before.reference == after.reference)
    #expect(source.plainName == "model")
  }

  @Test(
    "what is no model here is told with what there is",
    arguments: [
      (
        "hf:org/model", ["a.onnx": ""],
        "name the file that shall be run, such as hf:org/model/a.onnx"
      ),
      (
        "hf:org/model", ["model.safetensors": ""],
        "optimum-cli export onnx --model org/model FOLDER"
      ),
      ("hf:org/model/b.onnx", ["a.onnx": ""], "has no file or folder 'b.onnx'"),
      ("hf:org/model/w.bin", ["w.bin": ""], "files .onnx and .pt2, and folders"),
    ] as [(String, [String: String], String)])
  func unknown(_ id: String, _ files: [String: String], _ text: String) throws {
    let place = try Place(files)
    let error = #expect(throws: HubError.self) { try place.source(id) }
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
  }

  @Test("a model that is a file is no folder, and a pipeline needs a network")
  func mismatch() throws {
    let place = try Place(["config.json": Self.encoder, "onnx/a.onnx": ""])
    let file = #expect(throws: HubError.self) {
      try ModelSource.onnx("hf:org/model").place(place.hub())
    }
    #expect(file?.message.contains("name one, such as hf:org/model/onnx/a.onnx") == true)
    let network = #expect(throws: HubError.self) {
      try ModelSource.sentiment("hf:org/model").place(place.hub())
    }
    #expect(network?.message.contains("--option file=onnx/a.onnx") == true)
  }
}
