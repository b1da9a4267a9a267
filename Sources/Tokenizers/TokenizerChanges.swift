/// What differs from a `tokenizer.json`, as other files in a model's folder say it.
package struct TokenizerChanges: Sendable, Hashable {
  /// How a `BertNormalizer` cleans texts.
  package struct BertCleaning: Sendable, Hashable {
    /// Whether spaces are put around Chinese characters.
    package var isolatesChinese: Bool
    /// Whether accents go; `nil` for where texts are put in lower case.
    package var stripsAccents: Bool?
    package var lowercases: Bool

    package init(isolatesChinese: Bool, stripsAccents: Bool?, lowercases: Bool) {
      self.isolatesChinese = isolatesChinese
      self.stripsAccents = stripsAccents
      self.lowercases = lowercases
    }
  }

  /// What the file's `BertNormalizer` does, if it has one as its only normaliser.
  package var bertCleaning: BertCleaning?
  /// Whether texts, but not the special tokens in them, are put in lower case before anything else.
  package var lowercasesFirst = false
  /// Whether a text gets a space before it, where the file splits into bytes first.
  package var addsPrefixSpace: Bool?
  /// Tokens that the file lacks, or has with other properties.
  package var tokens: [AddedToken] = []
  /// Tokens that are special if the vocabulary has them, where the file does not list them.
  package var defaultTokens: [String] = []

  package init() {}
}

extension Normalizer {
  /// The normaliser of a file with the changes.
  init?(_ file: Normalizer?, _ changes: TokenizerChanges) {
    var normalizer = file
    if let cleaning = changes.bertCleaning, case .bert(let old)? = file {
      normalizer = .bert(
        BertNormalizer(
          cleanText: old.cleanText, handleChinese: cleaning.isolatesChinese,
          stripAccents: cleaning.stripsAccents ?? cleaning.lowercases,
          lowercase: cleaning.lowercases))
    }
    if changes.lowercasesFirst, normalizer?.isLowercasing != true {
      let rest: [Normalizer] =
        if case .sequence(let steps)? = normalizer { steps } else { normalizer.map { [$0] } ?? [] }
      normalizer = .sequence([.lowercase] + rest)
    }
    guard let normalizer else { return nil }
    self = normalizer
  }

  /// Whether a step of its own puts texts in lower case.
  private var isLowercasing: Bool {
    switch self {
    case .lowercase: true
    case .sequence(let steps):
      steps.contains { if case .lowercase = $0 { true } else { false } }
    default: false
    }
  }
}

extension PreTokenizer {
  /// The splitting of a file with the changes.
  init?(_ file: PreTokenizer?, _ changes: TokenizerChanges) {
    guard let file else { return nil }
    if let adds = changes.addsPrefixSpace, case .byteLevel(_, let usesExpression) = file {
      self = .byteLevel(addPrefixSpace: adds, usesExpression: usesExpression)
    } else {
      self = file
    }
  }
}
