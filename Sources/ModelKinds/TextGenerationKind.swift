#if Text
import FoundationEssentials
import Models
public import SparkFunctions
public import TextPipelines

extension ModelFormat {
  /// A folder of HuggingFace's with an encoder and decoder of text, such as T5.
  public static let textGeneration = ModelFormat(rawValue: "text-generation")
}

/// Encoders and decoders of text in folders of HuggingFace's.
struct TextGenerationKind: TextKind {
  struct Options: TextKindOptions {
    static let names =
      ["prefix", "task", "maxLength", "beams", "generation"] + TextOptions.names
    let prefix: String?
    let task: String?
    let generation: GenerationOptions
    var text: TextOptions

    init(_ values: OptionValues) throws {
      prefix = values["prefix"]
      task = values["task"]
      var generation =
        try values.json(
          "generation", as: GenerationOptions.self, such: #"{"minLength": 5}"#)
        ?? GenerationOptions()
      if let length = try values.number("maxLength") { generation.maxLength = length }
      if let beams = try values.number("beams") { generation.beams = beams }
      self.generation = generation
      text = try TextOptions(values)
    }
  }

  var format: ModelFormat { .textGeneration }
  var otherNames: [String] { ["translation", "summarization", "text2text-generation"] }

  func source(at path: String) throws -> ModelSource? {
    guard TextConfiguration.exists(in: path) else { return nil }
    let configuration = try TextConfiguration(folder: path)
    guard configuration.is_encoder_decoder == true else { return nil }
    let generates =
      (configuration.architectures ?? []).isEmpty
      ? Self.hasDecoder(path)
      : configuration.isFor("ForConditionalGeneration", "MTModel", "EncoderDecoderModel")
    return generates ? ModelSource.translation(path) : nil
  }

  /// Whether the folder has the files of an encoder and a decoder.
  private static func hasDecoder(_ folder: String) -> Bool {
    let names = ["", "/onnx"].flatMap { place in
      (try? FileManager.default.contentsOfDirectory(atPath: folder + place)) ?? []
    }
    return names.contains { $0.hasPrefix("encoder_model") } || names.contains("saved_model")
  }

  func otherNetwork(in folder: String, file: String?) -> String? {
    file == nil && SavedModelKind.isSavedModel(folder + "/saved_model") ? "saved_model" : nil
  }

  /// Encoder and decoders, those that are loaded of all that there are.
  func networks(in folder: ListedFolder, _ options: [String: String]) throws -> [String] {
    let parts = [
      "encoder_model", "decoder_model_merged", "decoder_with_past_model", "decoder_model",
    ]
    var place: String?
    var ending = ""
    if let file = options["file"] {
      guard let chosen = try folder.chosen(file).first else { return [] }
      let name = URL(filePath: chosen).lastPathComponent
      // Another name is refused when it is loaded, in words that fit local folders as well.
      guard let part = parts.first(where: name.hasPrefix), name.hasSuffix(".onnx") else {
        return [chosen]
      }
      place = String(chosen.dropLast(name.count))
      ending = String(name.dropFirst(part.count).dropLast(".onnx".count))
    } else if folder.has("saved_model/saved_model.pb") {
      return folder.files(below: "saved_model")
    }
    func file(_ part: String) -> String? {
      let name = "\(part)\(ending).onnx"
      guard let place else { return folder.place(of: name, in: [""]) }
      return folder.has(place + name) ? place + name : nil
    }
    guard let encoder = file("encoder_model") else {
      throw folder.lacks(["encoder_model\(ending).onnx"])
    }
    let withPast = file("decoder_with_past_model")
    let merged = file("decoder_model_merged")
    if let single = file("decoder_model"), withPast != nil || merged == nil {
      return [encoder, single] + (withPast.map { [$0] } ?? [])
    }
    guard let merged else {
      throw folder.lacks(["decoder_model_merged\(ending).onnx", "decoder_model\(ending).onnx"])
    }
    return [encoder, merged]
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    let options = model.options
    return try SequenceGenerator(
      path: model.path, name: model.name, model: try decoder(of: model), task: options.task,
      prefix: options.prefix, generation: options.generation,
      options: try pipelineOptions(of: model))
  }
}

extension ModelSource {
  /// An encoder and decoder of text, such as T5, in a folder of HuggingFace's with ONNX exports:
  /// gives `generated` text.
  ///
  /// - Parameters:
  ///   - prefix: put before each text: `translate English to German: `.
  ///   - task: an entry of `task_specific_params` in `config.json`, whose prefix and settings apply.
  ///   - maxLength: the most tokens of a result, the start token included; `nil` for the folder's.
  ///   - beams: the width of the beam search; `nil` for the folder's, 1 is greedy.
  ///   - generation: further settings, which override the folder's; `maxLength` and `beams` go before
  ///     its own.
  ///   - file: encoder or decoder, such as `onnx/encoder_model_quantized.onnx`, beside which the others
  ///     lie with the same ending; `nil` for `encoder_model.onnx`.
  ///   - provider: what computes encoder and decoder.
  public static func translation(
    _ folder: String, prefix: String? = nil, task: String? = nil, maxLength: Int? = nil,
    beams: Int? = nil, generation: GenerationOptions? = nil, file: String? = nil, threads: Int = 1,
    provider: Provider = .cpu
  ) -> ModelSource {
    // Equal settings are equal text, so that they share a model. Encoding numbers and lists of numbers
    // cannot fail.
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let settings = generation.flatMap { try? encoder.encode($0) }
    return ModelSource(
      TextGenerationKind(), folder,
      [
        "prefix": prefix, "task": task, "maxLength": maxLength.map(String.init),
        "beams": beams.map(String.init),
        "generation": settings.map { String(decoding: $0, as: UTF8.self) },
        "file": file, "threads": "\(threads)", "provider": provider.option,
      ])
  }
}
#endif
