/// The added tokens of a tokenizer and their numbers.
struct AddedVocabulary: Sendable {
  private var ids: [TokenText: Int32] = [:]
  private(set) var tokens: [Int32: AddedToken] = [:]
  /// The normalised form of tokens that differ from it.
  private var normalized: [Int32: String] = [:]
  private var special: Set<TokenText> = []
  /// Finds tokens in the original text.
  private(set) var original: AddedTokenMatcher?
  /// Finds tokens in the normalised text.
  private(set) var normalizedMatcher: AddedTokenMatcher?

  /// The `added_tokens` section of a tokenizer file. A token that the model knows has its number;
  /// the others follow behind the model's in the order of the file, whatever number it gives.
  ///
  /// - Parameter changes: tokens besides those of the file; they go before its own.
  init(
    _ json: JSONReader?, _ changes: TokenizerChanges, model: Model, normalizer: Normalizer?
  ) throws(TokenizerError) {
    var all = try json.map { json throws(TokenizerError) in try AddedToken.list(json) } ?? []
    let listed = Set(all.map(\.content))
    let defaults = changes.defaultTokens.filter {
      !listed.contains(TokenText($0)) && model.vocabulary.id(of: $0) != nil
    }
    all += defaults.map { AddedToken($0) } + changes.tokens
    var next = Int32(model.size)
    var order: [Int32] = []
    for token in all {
      let content = token.content.string
      if content.isEmpty { continue }
      let id: Int32
      if let known = ids[TokenText(content)] {
        if tokens[known] == token { continue }
        id = known
      } else if let known = model.vocabulary.id(of: content) {
        id = known
      } else {
        id = next
        next += 1
      }
      normalized[id] = nil
      if token.isNormalized, let normalizer {
        let form = try normalizer.apply(content)
        if TokenText(form) != TokenText(content) { normalized[id] = form }
      }
      if tokens[id] == nil { order.append(id) }
      ids[TokenText(content)] = id
      tokens[id] = token
      if token.isSpecial { special.insert(token.content) }
    }
    var patterns: [[(pattern: String, id: Int32, token: AddedToken)]] = [[], []]
    var known: [Set<TokenText>] = [[], []]
    for id in order {
      guard let token = tokens[id] else { continue }
      let kind = token.isNormalized ? 1 : 0
      let pattern =
        token.isNormalized ? normalized[id] ?? token.content.string : token.content.string
      if pattern.isEmpty || !known[kind].insert(TokenText(pattern)).inserted { continue }
      patterns[kind].append((pattern, id, token))
    }
    original = AddedTokenMatcher(patterns[0])
    normalizedMatcher = AddedTokenMatcher(patterns[1])
  }

  /// The text of an added token as decoding sees it.
  func text(_ id: Int32) -> String? { normalized[id] ?? tokens[id]?.content.string }

  func isSpecial(_ text: String) -> Bool { special.contains(TokenText(text)) }

  /// The number of an added token.
  func id(_ text: String) -> Int32? { ids[TokenText(text)] }

  /// The number of added tokens that the model does not know.
  func countUnknown(to vocabulary: Vocabulary) -> Int {
    ids.keys.count { $0.bytes.withUnsafeBufferPointer { vocabulary.id(of: $0) } < 0 }
  }
}

extension Normalizer {
  /// The normalised form of a text.
  func apply(_ text: String) throws(TokenizerError) -> String {
    var current = AlignedText(isTracked: false)
    var spare = AlignedText(isTracked: false)
    current.bytes = Array(text.utf8)
    try apply(&current, spare: &spare)
    return String(decoding: current.bytes, as: UTF8.self)
  }
}
