import FoundationEssentials

/// A folder in Hugging Face's layout: `config.json`, `tokenizer.json` and model files, the latter
/// beside them or in `onnx/`.
struct ModelFolder: Sendable {
  let path: String
  /// The folder as messages name it.
  let name: String
  /// Where the files lie: the folder itself, or the one in it that sentence-transformers names as its
  /// module Transformer.
  let directory: String
  /// `config.json`.
  let configuration: ConfigurationFile

  /// - Parameters:
  ///   - name: what messages call the folder; `nil` for `path`.
  ///   - subfolder: where in the folder the files are, if not in itself.
  /// - Throws: ``TextPipelineError`` if there is no such folder, or no configuration in it.
  init(
    path: String, name: String? = nil, subfolder: String = ""
  ) throws(TextPipelineError) {
    let name = name ?? path
    try Self.check(path, name: name)
    self.path = path
    self.name = name
    directory = subfolder.isEmpty ? path : "\(path)/\(subfolder)"
    let file = "\(directory)/config.json"
    guard FileManager.default.fileExists(atPath: file) else {
      let place = subfolder.isEmpty ? "" : " in \(subfolder), where modules.json has the network"
      throw TextPipelineError(
        .missingFile, "the folder has no config.json\(place); \(Self.exportAdvice)", model: name)
    }
    configuration = try ConfigurationFile(path: file)
  }

  /// - Throws: ``TextPipelineError`` if there is no such folder.
  static func check(_ path: String, name: String) throws(TextPipelineError) {
    var isDirectory = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory
    else {
      throw TextPipelineError(
        .missingFile,
        "there is no folder \(name) (the current folder is "
          + "\(FileManager.default.currentDirectoryPath)); expected one in Hugging Face's layout "
          + "with config.json, tokenizer.json and ONNX files",
        model: name)
    }
  }

  static func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }

  static let exportAdvice =
    "write the whole folder with `optimum-cli export onnx --model NAME FOLDER`, or save model and "
    + "tokenizer with save_pretrained() and export the model with torch.onnx.export"

  /// The path of a file if the folder has it.
  func file(_ name: String) -> String? {
    let file = "\(directory)/\(name)"
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }

  /// The path of `tokenizer.json`.
  ///
  /// - Throws: ``TextPipelineError`` that tells how to make it.
  func tokenizerFile() throws(TextPipelineError) -> String {
    if let file = file("tokenizer.json") { return file }
    let isMarian = file("source.spm") != nil || file("target.spm") != nil
    throw failure(
      .missingFile, "the folder has no tokenizer.json. " + (isMarian ? Self.marian : Self.slow))
  }

  private static let slow =
    "Write it with AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER), which also converts "
    + "the older vocab.txt, vocab.json with merges.txt and spiece.model"

  private static let marian =
    "It has source.spm, target.spm and vocab.json, the files of Marian's tokenizer, of which there is "
    + "no tokenizer.json: save_pretrained() writes none. Take a translation model with a "
    + "tokenizer.json instead (T5, mBART, NLLB), or put the ids that MarianTokenizer gives into a "
    + "column and run encoder and decoder as plain ONNX models"

  /// An error that says which model it is about.
  func failure(
    _ code: TextPipelineError.Code, _ message: String
  ) -> TextPipelineError {
    TextPipelineError(code, message, model: name)
  }

  /// An optional configuration file beside the network.
  func optionalConfiguration(_ name: String) throws(TextPipelineError) -> ConfigurationFile? {
    guard let file = file(name) else { return nil }
    return try ConfigurationFile(path: file)
  }

  /// An optional configuration file of the folder as a whole.
  func rootConfiguration(_ name: String) throws(TextPipelineError) -> ConfigurationFile? {
    let file = "\(path)/\(name)"
    return Self.exists(file) ? try ConfigurationFile(path: file) : nil
  }

  /// The greatest number of tokens that model and tokenizer say they take; `nil` if neither does.
  func maximumTokens() throws -> Int? {
    if let limit = try tokenizerLimit() { return limit }
    return try positions()
  }

  /// The greatest number of tokens that the tokenizer says it gives.
  func tokenizerLimit() throws -> Int? {
    let file = try optionalConfiguration("tokenizer_config.json")
    // Tokenizers without a limit say 1e30; the oldest files call it max_len.
    let limit = try file?.double("model_max_length") ?? file?.double("max_len")
    return limit.flatMap { $0 >= 1 && $0 < 1e9 ? Int($0) : nil }
  }

  /// The greatest number of tokens that the model has positions for.
  func positions() throws -> Int? {
    guard let positions = try configuration.integer("max_position_embeddings") else {
      return nil
    }
    let (limit, overflows) = positions.subtractingReportingOverflow(try firstPosition())
    return !overflows && limit > 0 ? limit : nil
  }

  /// The number of the first token's position.
  func firstPosition() throws -> Int {
    // RoBERTa and its kin count positions from the padding id + 1.
    let type = try configuration.text("model_type") ?? ""
    return Self.typesWithPositionOffset.contains(type)
      ? (try configuration.integer("pad_token_id") ?? 1) + 1 : 0
  }

  private static let typesWithPositionOffset: Set<String> = [
    "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "data2vec-text",
    "roberta-prelayernorm", "xmod",
  ]
}
