import FoundationEssentials

/// A folder in Hugging Face's layout: `config.json`, `tokenizer.json` and model files, the latter
/// beside them or in `onnx/`.
struct ModelFolder: Sendable {
  let path: String
  /// `config.json`.
  let configuration: ConfigurationFile

  /// - Throws: ``TextPipelineError`` if there is no such folder, or no configuration in it.
  init(path: String) throws(TextPipelineError) {
    var isDirectory = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory
    else {
      throw TextPipelineError(
        .missingFile,
        "there is no folder \(path) (the current folder is "
          + "\(FileManager.default.currentDirectoryPath)); expected one in Hugging Face's layout "
          + "with config.json, tokenizer.json and ONNX files",
        model: path)
    }
    self.path = path
    let file = "\(path)/config.json"
    guard FileManager.default.fileExists(atPath: file) else {
      throw TextPipelineError(
        .missingFile, "the folder has no config.json; \(Self.exportAdvice)", model: path)
    }
    configuration = try ConfigurationFile(path: file)
  }

  static let exportAdvice =
    "write the whole folder with `optimum-cli export onnx --model NAME FOLDER`, or save model and "
    + "tokenizer with save_pretrained() and export the model with torch.onnx.export"

  /// The path of a file if the folder has it.
  func file(_ name: String) -> String? {
    let file = "\(path)/\(name)"
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }

  /// The path of a model file, in the folder or in its `onnx/`.
  func modelFile(_ name: String) -> String? { file(name) ?? file("onnx/\(name)") }

  /// The first of the model files that is there.
  ///
  /// - Throws: ``TextPipelineError`` that names them and how to make them.
  func requiredModelFile(
    _ names: [String], task: String
  ) throws(TextPipelineError) -> String {
    for name in names {
      if let file = modelFile(name) { return file }
    }
    throw TextPipelineError(
      .missingFile,
      "the folder has no \(names.joined(separator: " or ")), neither in itself nor in onnx/. Export "
        + "the model with `optimum-cli export onnx --model NAME --task \(task) FOLDER`, or with "
        + "torch.onnx.export as the examples' train.py does",
      model: path)
  }

  /// The path of `tokenizer.json`.
  ///
  /// - Throws: ``TextPipelineError`` that tells how to make it.
  func tokenizerFile() throws(TextPipelineError) -> String {
    if let file = file("tokenizer.json") { return file }
    throw TextPipelineError(
      .missingFile,
      "the folder has no tokenizer.json. Write it with "
        + "AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER), which also converts the "
        + "older vocab.txt and spiece.model",
      model: path)
  }

  /// An optional configuration file.
  func optionalConfiguration(_ name: String) throws(TextPipelineError) -> ConfigurationFile? {
    guard let file = file(name) else { return nil }
    return try ConfigurationFile(path: file)
  }

  /// The greatest number of tokens that model and tokenizer say they take; `nil` if neither does.
  func maximumTokens() throws -> Int? {
    // Tokenizers without a limit say 1e30.
    let limit = try optionalConfiguration("tokenizer_config.json")?.double("model_max_length")
    if let limit, limit >= 1, limit < 1e9 { return Int(limit) }
    guard let positions = try configuration.integer("max_position_embeddings") else {
      return nil
    }
    // RoBERTa and its kin count positions from the padding id + 1.
    let type = try configuration.text("model_type") ?? ""
    let offset =
      Self.typesWithPositionOffset.contains(type)
      ? (try configuration.integer("pad_token_id") ?? 1) + 1 : 0
    return positions - offset > 0 ? positions - offset : nil
  }

  private static let typesWithPositionOffset: Set<String> = [
    "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "data2vec-text",
    "roberta-prelayernorm", "xmod",
  ]
}
