import Tensors
import Tokenizers

/// The tokenizer of a model's folder, cutting texts at the model's limit.
struct TextTokenizer: Sendable {
  private let tokenizer: Tokenizer
  private let cleansUp: Bool

  /// - Parameters:
  ///   - maxTokens: the greatest number of tokens of a text; `nil` for no limit.
  ///   - lowercasesFirst: whether texts, but not the special tokens in them, are put in lower case.
  init(_ folder: ModelFolder, maxTokens: Int?, lowercasesFirst: Bool = false) throws {
    let file = try folder.tokenizerFile()
    let configuration = try TokenizerConfiguration(folder)
    var changes = configuration.changes
    changes.lowercasesFirst = lowercasesFirst
    var tokenizer = try Tokenizer(path: file, changes: changes)
    // The file may say to pad all texts to one length, which would only waste time; rows are padded
    // here, where those of like length are put together.
    tokenizer.padding = nil
    tokenizer.truncation = maxTokens.map { limit in
      Truncation(
        maximumLength: limit,
        direction: configuration.truncationSide ?? tokenizer.truncation?.direction ?? .right)
    }
    try configuration.check(tokenizer, file, model: folder.name)
    cleansUp = configuration.cleansUp(tokenizer)
    self.tokenizer = tokenizer
  }

  /// The tokens of texts, special ones included.
  func rows(of texts: StringTensor) throws -> TokenRows {
    TokenRows(try tokenizer.encodeBatch(texts))
  }

  /// The tokens of texts, special ones included.
  func rows(of texts: [String]) throws -> TokenRows {
    TokenRows(try tokenizer.encodeBatch(texts))
  }

  /// The text of tokens, without special ones.
  func text(of ids: some Sequence<Int>) throws -> String {
    let text = try tokenizer.decode(Array(ids), skipSpecialTokens: true)
    return cleansUp ? text.withoutSpacesOfTokens(joinsDoNot: false) : text
  }

  /// The number of a prompt's tokens before the text, special ones at the beginning included.
  func promptLength(_ prompt: String) throws -> Int {
    if prompt.isEmpty { return 0 }
    let rows = try rows(of: [prompt])
    guard let last = rows.ids.last else { return 0 }
    return rows.ids.count - (tokenizer.isSpecial(Int(last)) ? 1 : 0)
  }
}

extension TokenRows {
  /// The rows of a batch without their padding.
  fileprivate init(_ batch: TokenBatch) {
    self.init()
    let width = batch.inputIDs.rowStride
    batch.inputIDs.withUnsafeBufferPointer { ids in
      for (row, length) in batch.lengths.enumerated() {
        append(ids[row * width..<row * width + length])
      }
    }
  }
}
