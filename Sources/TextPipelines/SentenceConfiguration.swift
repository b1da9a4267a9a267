/// What a folder of sentence-transformers says besides the network: `modules.json`, the pooling
/// module's `config.json`, `sentence_bert_config.json` and `config_sentence_transformers.json`.
///
/// A folder without them is treated as sentence-transformers treats a plain model: mean pooling, no
/// normalisation.
struct SentenceConfiguration: Sendable {
  var pooling: [SentencePooling] = [.mean]
  var isNormalized = false
  /// The limit that overrides the tokenizer's own.
  var maxTokens: Int?
  var isLowercased = false
  /// What goes before each text.
  var prompt = ""
  /// Modules that are not computed here, such as a dense layer.
  var otherModules: [String] = []
  var vocabularySize: Int?
  var width: Int?
  var paddingToken: Int

  init(_ folder: ModelFolder) throws {
    let file = folder.configuration
    vocabularySize = try file.integer("vocab_size")
    paddingToken = try file.integer("pad_token_id") ?? 0
    width =
      try file.integer("hidden_size") ?? file.integer("dim") ?? file.integer("d_model")
    if let file = try folder.optionalConfiguration("sentence_bert_config.json") {
      maxTokens = try file.integer("max_seq_length")
      isLowercased = try file.boolean("do_lower_case") ?? false
    }
    if let file = try folder.optionalConfiguration("config_sentence_transformers.json"),
      let name = try file.text("default_prompt_name")
    {
      guard let text = try file.object("prompts")?[name]?.text else {
        throw TextPipelineError(
          .invalidConfiguration, "\(file.path) names the prompt \"\(name)\", but has none such",
          model: folder.path)
      }
      prompt = text
    }
    guard let modules = folder.file("modules.json") else {
      _ = try readPooling(folder, "1_Pooling")
      return
    }
    for (type, path) in try Self.modules(modules, folder) {
      switch type {
      case "Transformer": break
      case "Pooling":
        guard try readPooling(folder, path) else {
          throw TextPipelineError(
            .invalidConfiguration,
            "modules.json names a pooling module in \"\(path)\", which has no config.json",
            model: folder.path)
        }
      case "Normalize": isNormalized = true
      default: otherModules.append(type)
      }
    }
  }

  private static func modules(
    _ path: String, _ folder: ModelFolder
  ) throws(TextPipelineError) -> [(type: String, path: String)] {
    let list = try JSONValue(contentsOf: path).list ?? []
    let modules = list.compactMap { module -> (type: String, path: String)? in
      guard let type = module.entries?["type"]?.text else { return nil }
      return (String(type.split(separator: ".").last ?? ""), module.entries?["path"]?.text ?? "")
    }
    guard !modules.isEmpty, modules.count == list.count else {
      throw TextPipelineError(
        .invalidConfiguration, "\(path) must be a list of modules, each with its type and path",
        model: folder.path)
    }
    return modules
  }

  /// Returns whether the directory has a file that tells.
  private mutating func readPooling(
    _ folder: ModelFolder, _ directory: String
  ) throws(TextPipelineError) -> Bool {
    guard let file = try folder.optionalConfiguration("\(directory)/config.json") else {
      return false
    }
    if try file.boolean("include_prompt") == false, !prompt.isEmpty {
      throw TextPipelineError(
        .unsupportedModel,
        "\(file.path) leaves the prompt out of the pooling (include_prompt), which is not supported",
        model: folder.path)
    }
    if let value = file["pooling_mode"] {
      let names = value.text.map { [$0] } ?? value.list?.compactMap(\.text) ?? []
      let modes = names.compactMap(SentencePooling.init(rawValue:))
      guard !modes.isEmpty, modes.count == names.count else {
        throw TextPipelineError(
          .invalidConfiguration,
          "pooling_mode in \(file.path) is \(names), expected some of "
            + SentencePooling.allCases.map(\.rawValue).joined(separator: ", "),
          model: folder.path)
      }
      pooling = modes
      return true
    }
    var modes: [SentencePooling] = []
    for mode in SentencePooling.allCases where try file.boolean(mode.olderKey) ?? false {
      modes.append(mode)
    }
    if !modes.isEmpty { pooling = modes }
    return true
  }
}
