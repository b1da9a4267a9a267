import JSONText

/// What a folder of sentence-transformers says besides the network: `modules.json`, the modules' own
/// files and `config_sentence_transformers.json`.
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
  /// Whether the prompt's tokens count in the pooling.
  var poolsPrompt = true
  /// The number of values that remain of a vector.
  var dimensions: Int?
  /// Modules that are not computed here, such as a dense layer.
  private var otherModules: [String] = []
  /// Whether the list of modules has no Pooling.
  private var lacksPooling = false
  var vocabularySize: Int?
  var width: Int?
  var paddingToken: Int

  /// The names that the module Transformer's file has had, the first one that is there counts.
  private static let transformerFiles = [
    "bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet",
  ].map { "sentence_\($0)_config.json" }

  init(_ folder: ModelFolder, _ modules: SentenceModules) throws {
    let file = folder.configuration
    vocabularySize = try file.integer("vocab_size")
    paddingToken = try file.integer("pad_token_id") ?? 0
    width =
      try file.integer("hidden_size") ?? file.integer("dim") ?? file.integer("d_model")
    try readTransformer(folder)
    try readSentence(folder)
    guard modules.modules != nil else {
      _ = try readPooling(folder, "1_Pooling")
      return
    }
    let steps = modules.steps
    otherModules = steps.others
    if let module = steps.pooling {
      guard try readPooling(folder, module.path) else {
        throw folder.failure(
          .invalidConfiguration,
          "modules.json names a pooling module in \"\(module.path)\", which has no config.json")
      }
    } else {
      lacksPooling = true
    }
    if let module = steps.normalization {
      isNormalized = true
      if let file = try folder.rootConfiguration("\(module.path)/config.json") {
        try KnownEntries.normalize.check(file, model: folder.name)
      }
    }
  }

  /// Why vectors of tokens cannot be made those of texts; `nil` if they can.
  ///
  /// - Parameter pooling: what was chosen instead of the folder's.
  func uncomputed(pooling: SentencePooling?) -> String? {
    if !otherModules.isEmpty {
      return "modules.json has the modules \(otherModules.joined(separator: ", ")), which are not "
        + "computed here, or not in this order (Transformer, Pooling, Dropout and Normalize are)"
    }
    if lacksPooling, pooling == nil { return "modules.json has no module Pooling" }
    return nil
  }

  private mutating func readTransformer(_ folder: ModelFolder) throws {
    guard let name = Self.transformerFiles.first(where: { folder.file($0) != nil }),
      let file = try folder.optionalConfiguration(name)
    else { return }
    try KnownEntries.transformer.check(file, model: folder.name)
    maxTokens = try file.integer("max_seq_length")
    isLowercased = try file.boolean("do_lower_case") ?? false
    guard let modalities = try file.object("modality_config") else { return }
    let text = modalities["text"]?.entries ?? [:]
    let output = try file.text("module_output_name") ?? "token_embeddings"
    guard text["method"]?.string == "forward",
      ["last_hidden_state", "token_embeddings"].contains(text["method_output_name"]?.string),
      ["token_embeddings", "sentence_embedding"].contains(output)
    else {
      throw folder.failure(
        .unsupportedModel,
        "\(file.path) has a modality_config by which texts do not become the network's "
          + "last_hidden_state (chats, for example), which is not done here")
    }
  }

  private mutating func readSentence(_ folder: ModelFolder) throws {
    guard let file = try folder.rootConfiguration("config_sentence_transformers.json") else {
      return
    }
    try KnownEntries.sentence.check(file, model: folder.name)
    dimensions = try file.integer("truncate_dim")
    if let dimensions, dimensions < 1 {
      throw folder.failure(
        .invalidConfiguration, "truncate_dim in \(file.path) is \(dimensions), expected at least 1")
    }
    guard let name = try file.text("default_prompt_name") else { return }
    let prompts = try file.object("prompts") ?? [:]
    if let text = prompts[name]?.string {
      prompt = text
    } else if prompts[name] == nil || prompts[name] == .null, ["query", "document"].contains(name) {
      // These two exist without being listed, and are empty.
      prompt = ""
    } else {
      throw folder.failure(
        .invalidConfiguration, "\(file.path) names the prompt \"\(name)\", but has none such")
    }
  }

  /// Returns whether the directory has a file that tells.
  private mutating func readPooling(
    _ folder: ModelFolder, _ directory: String
  ) throws(TextPipelineError) -> Bool {
    guard let file = try folder.rootConfiguration("\(directory)/config.json") else {
      return false
    }
    try KnownEntries.pooling.check(file, model: folder.name)
    poolsPrompt = try file.boolean("include_prompt") ?? true
    if let value = file["pooling_mode"] {
      let names = value.string.map { [$0] } ?? value.elements?.compactMap(\.string) ?? []
      let modes = names.compactMap(SentencePooling.init(rawValue:))
      guard !modes.isEmpty, modes.count == names.count else {
        throw folder.failure(
          .invalidConfiguration,
          "pooling_mode in \(file.path) is \(value.json), expected some of "
            + SentencePooling.allCases.map(\.rawValue).joined(separator: ", "))
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
