import FoundationEssentials
import Tensors
import Texts

/// A tokenizer read from a Hugging Face `tokenizer.json`.
///
/// It gives exactly what the `tokenizers` library (0.23) gives: the same numbers, offsets, masks
/// and decoded texts. It is a value; using one from many threads at once is fine.
///
/// ```swift
/// let tokenizer = try Tokenizer(path: "model/tokenizer.json")
/// let batch = try tokenizer.encodeBatch(["How are you?", "Fine."])
/// batch.inputIDs          // Tensor<Int64> of shape [2, longest]
/// try tokenizer.decode([101, 2129, 102])
/// ```
public struct Tokenizer: Sendable {
  /// How long texts are cut; nil leaves them whole.
  public var truncation: Truncation?
  /// How texts are padded; nil pads batches to the longest text with token 0 on the right.
  public var padding: Padding?

  let normalizer: Normalizer?
  let preTokenizer: PreTokenizer?
  let model: Model
  let postProcessor: PostProcessor?
  let decoder: Decoder?
  let added: AddedVocabulary
  let workspaces = WorkspacePool()

  /// Reads a `tokenizer.json` file.
  ///
  /// - Throws: ``TokenizerError`` when the file cannot be read, is damaged, or names a component
  ///   that is not known.
  public init(path: String) throws(TokenizerError) {
    try self.init(path: path, changes: TokenizerChanges())
  }

  /// Reads a `tokenizer.json` file, from which other files differ.
  package init(path: String, changes: TokenizerChanges) throws(TokenizerError) {
    let bytes: [UInt8]
    do {
      bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      let reason =
        FileManager.default.fileExists(atPath: path)
        ? "the file cannot be read (\(error.reason))" : "there is no such file"
      throw TokenizerError(
        .unreadableFile, "\(reason); expected a tokenizer.json", location: path, cause: error)
    }
    do {
      try self.init(json: bytes, changes: changes)
    } catch var error {
      error.location = error.location.map { "\(path), \($0)" } ?? path
      throw error
    }
  }

  /// Reads the content of a `tokenizer.json` file.
  ///
  /// - Throws: ``TokenizerError`` as ``init(path:)``.
  public init(json: [UInt8]) throws(TokenizerError) {
    try self.init(json: json, changes: TokenizerChanges())
  }

  private init(json: [UInt8], changes: TokenizerChanges) throws(TokenizerError) {
    let root = try JSONReader(parsing: json)
    if let version = try root.optional("version")?.string, version != "1.0" {
      throw root.failure("has version \"\(version)\", known is \"1.0\"", code: .unsupported)
    }
    let normalizer = Normalizer(
      try root.optional("normalizer").map { json throws(TokenizerError) in try Normalizer(json) },
      changes)
    let model = try Model(try root.required("model"))
    self.normalizer = normalizer
    self.model = model
    preTokenizer = PreTokenizer(
      try root.optional("pre_tokenizer").map { json throws(TokenizerError) in
        try PreTokenizer(json)
      }, changes)
    postProcessor = try root.optional("post_processor").map(PostProcessor.init)
    decoder = try root.optional("decoder").map(Decoder.init)
    truncation = try root.optional("truncation").map(Truncation.init)
    padding = try root.optional("padding").map(Padding.init)
    added = try AddedVocabulary(
      try root.optional("added_tokens"), changes, model: model, normalizer: normalizer)
  }

  /// The number of a token; nil when there is none of that text.
  public func tokenID(_ token: String) -> Int? {
    (added.id(token) ?? model.vocabulary.id(of: token)).map { Int($0) }
  }

  /// The text of a token; nil when there is none of that number.
  public func token(_ id: Int) -> String? {
    guard let id = Int32(exactly: id) else { return nil }
    return added.text(id) ?? model.token(id)
  }

  /// Whether decoding may leave the token out.
  package func isSpecial(_ id: Int) -> Bool { token(id).map(added.isSpecial) ?? false }

  /// Whether the file's model is one of byte pairs.
  package var isBytePairModel: Bool {
    if case .bpe = model { true } else { false }
  }

  /// The number of tokens, added ones included.
  public var vocabularySize: Int {
    model.size + added.countUnknown(to: model.vocabulary)
  }

  /// The text of tokens.
  ///
  /// - Parameters:
  ///   - ids: numbers of tokens; those that no token has are passed over.
  ///   - skipSpecialTokens: whether tokens such as `[SEP]` are left out.
  /// - Throws: ``TokenizerError`` when a decoding expression takes too many steps.
  public func decode(
    _ ids: [Int], skipSpecialTokens: Bool = true
  ) throws(TokenizerError) -> String {
    var tokens: [String] = []
    for id in ids {
      guard let token = token(id), !skipSpecialTokens || !added.isSpecial(token) else { continue }
      tokens.append(token)
    }
    guard let decoder else { return tokens.joined(separator: " ") }
    return try decoder.apply(tokens).joined()
  }
}
