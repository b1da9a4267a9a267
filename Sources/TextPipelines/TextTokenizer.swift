import Tensors
import Tokenizers

/// The tokenizer of a model's folder, cutting texts at the model's limit.
struct TextTokenizer: Sendable {
  private let tokenizer: Tokenizer

  /// - Parameter maxTokens: the greatest number of tokens of a text; the rule of `tokenizer.json`
  ///   goes if `nil`.
  init(_ folder: ModelFolder, maxTokens: Int?) throws {
    var tokenizer = try Tokenizer(path: try folder.tokenizerFile())
    // The file may say to pad all texts to one length, which would only waste time; rows are padded
    // here, where those of like length are put together.
    tokenizer.padding = nil
    if let maxTokens {
      var truncation = tokenizer.truncation ?? Truncation(maximumLength: maxTokens)
      truncation.maximumLength = maxTokens
      truncation.stride = 0
      tokenizer.truncation = truncation
    }
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
    try tokenizer.decode(Array(ids), skipSpecialTokens: true)
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
