/// The added tokens of a tokenizer and their numbers.
struct AddedVocabulary: Sendable {
  private(set) var ids: [String: Int32] = [:]
  private(set) var tokens: [Int32: AddedToken] = [:]
  /// The normalised form of tokens that differ from it.
  private var normalized: [Int32: String] = [:]
  private var special: Set<String> = []
  /// Finds tokens in the original text.
  private(set) var original: AddedTokenMatcher?
  /// Finds tokens in the normalised text.
  private(set) var normalizedMatcher: AddedTokenMatcher?

  /// The `added_tokens` section of a tokenizer file. A token that the model knows has its number;
  /// the others follow behind the model's in the order of the file, whatever number it gives.
  init(
    _ json: JSONReader?, model: Model, normalizer: Normalizer?
  ) throws(TokenizerError) {
    guard let json else { return }
    var next = Int32(model.size)
    var order: [Int32] = []
    for element in try json.elements {
      let content = try element.required("content").string
      let token = AddedToken(
        content: content,
        isSingleWord: try element.optional("single_word")?.bool ?? false,
        stripsLeft: try element.optional("lstrip")?.bool ?? false,
        stripsRight: try element.optional("rstrip")?.bool ?? false,
        isNormalized: try element.optional("normalized")?.bool ?? false,
        isSpecial: try element.optional("special")?.bool ?? false)
      _ = try element.required("id").count
      if content.isEmpty { continue }
      let id: Int32
      if let known = ids[content] {
        if tokens[known] == token { continue }
        id = known
      } else if let known = model.vocabulary.id(of: content) {
        id = known
      } else {
        id = next
        next += 1
      }
      if token.isNormalized, let normalizer {
        let form = try normalizer.apply(content)
        if form != content { normalized[id] = form }
      }
      if tokens[id] == nil { order.append(id) }
      ids[content] = id
      tokens[id] = token
      if token.isSpecial { special.insert(content) }
    }
    var patterns: [[(pattern: String, id: Int32, token: AddedToken)]] = [[], []]
    var known: [Set<String>] = [[], []]
    for id in order {
      guard let token = tokens[id] else { continue }
      let kind = token.isNormalized ? 1 : 0
      let pattern = token.isNormalized ? normalized[id] ?? token.content : token.content
      if pattern.isEmpty || !known[kind].insert(pattern).inserted { continue }
      patterns[kind].append((pattern, id, token))
    }
    original = AddedTokenMatcher(patterns[0])
    normalizedMatcher = AddedTokenMatcher(patterns[1])
  }

  /// The text of an added token as decoding sees it.
  func text(_ id: Int32) -> String? { normalized[id] ?? tokens[id]?.content }

  func isSpecial(_ text: String) -> Bool { special.contains(text) }
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
