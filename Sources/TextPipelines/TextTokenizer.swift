import Tokenizers

/// The tokenizer of a model's folder, cutting texts at the model's limit and padding nothing.
struct TextTokenizer: Sendable {
  private let tokenizer: Tokenizer
  private let model: String

  /// - Parameters:
  ///   - maxTokens: the greatest number of tokens; the rule of `tokenizer.json` goes if `nil`.
  ///   - vocabularySize: the number of tokens that the model knows, if it says so.
  init(
    _ folder: ModelFolder, maxTokens: Int?, vocabularySize: Int?
  ) throws {
    var tokenizer = try Tokenizer(path: try folder.tokenizerFile())
    // The file may say to pad all texts to a fixed length, which would only waste time.
    tokenizer.padding = nil
    if let maxTokens { tokenizer.truncation = Truncation(maxLength: maxTokens) }
    self.tokenizer = tokenizer
    model = folder.path
  }

  /// The tokens of texts, special ones included.
  func rows(of texts: some Collection<String>) throws -> TokenRows {
    var rows = TokenRows()
    for text in texts { rows.append(try tokenizer.encode(text).ids) }
    return rows
  }

  /// The text of tokens, without special ones.
  func text(of ids: [Int]) throws -> String {
    try tokenizer.decode(ids, skipSpecialTokens: true)
  }
}
