import Foundation
import HostProcesses
import SparkFunctions

extension ModelSource {
  /// What `config.json` tells of the pipeline.
  private struct Configuration: Decodable {
    var architectures: [String]?
    var is_encoder_decoder: Bool?

    init(folder: String) throws {
      let file = folder + "/config.json"
      do {
        let contents = try Data(contentsOf: URL(fileURLWithPath: file))
        self = try JSONDecoder().decode(Configuration.self, from: contents)
      } catch {
        throw NeedletailError(
          .usage, "\(file) cannot be read as a model's configuration: \(error)")
      }
    }
  }

  /// The pipeline of a folder with `config.json`.
  static func pipeline(_ folder: String) throws -> ModelSource {
    let configuration = try Configuration(folder: folder)
    let architectures = configuration.architectures ?? []
    func isFor(_ endings: String...) -> Bool {
      architectures.contains { name in endings.contains { name.hasSuffix($0) } }
    }
    // BART and T5 have classifiers that are made of encoder and decoder, too.
    if isFor("ForSequenceClassification") { return .sentiment(folder) }
    if configuration.is_encoder_decoder == true {
      let generates = isFor("ForConditionalGeneration", "MTModel", "EncoderDecoderModel")
      if generates || architectures.isEmpty && hasDecoder(folder) { return .translation(folder) }
    }
    return ModelSource(.textFolder, folder, ["threads": "1"])
  }

  /// Whether the folder has the files of an encoder and a decoder.
  private static func hasDecoder(_ folder: String) -> Bool {
    let names = ["", "/onnx"].flatMap { place in
      (try? FileManager.default.contentsOfDirectory(atPath: folder + place)) ?? []
    }
    return names.contains { $0.hasPrefix("encoder_model") } || names.contains("saved_model")
  }

  /// Why a folder cannot be used without the option `pipeline`.
  static func noPipeline(_ folder: String) throws -> String {
    let architectures = try Configuration(folder: folder).architectures ?? []
    let names = architectures.isEmpty ? "no architectures" : architectures.joined(separator: ", ")
    return "\(folder)/config.json names \(names), which does not tell what to use the folder for "
      + "(...ForSequenceClassification does, or ...ForConditionalGeneration, or modules.json). Say "
      + "it: --option pipeline=text-classification, sentence-embeddings or text-generation for the "
      + "command, .sentiment(folder), .embeddings(folder) or .translation(folder) in Swift"
  }
}

extension ModelFormat {
  /// The pipeline of a name: its own, that of the function that makes it, or HuggingFace's.
  static func pipeline(_ name: String) -> ModelFormat? {
    switch name {
    case "text-classification", "sentiment", "sentiment-analysis": .textClassification
    case "sentence-embeddings", "embeddings", "feature-extraction", "sentence-similarity":
      .sentenceEmbeddings
    case "text-generation", "translation", "summarization", "text2text-generation":
      .textGeneration
    default: nil
    }
  }
}
