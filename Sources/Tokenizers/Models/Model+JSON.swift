import JSONText

extension Model {
  /// The `model` section of a tokenizer file.
  init(_ json: JSONReader) throws(TokenizerError) {
    let named = try json.optional("type")?.string
    let type = if let named { named } else { try Self.guessedType(json) }
    switch type {
    case "WordPiece":
      self = .wordPiece(
        WordPieceModel(
          vocabulary: try Self.vocabulary(json),
          unknownToken: try json.required("unk_token").string,
          prefix: try json.required("continuing_subword_prefix").string,
          maximumCharacters: try json.required("max_input_chars_per_word").count))
    case "WordLevel":
      self = .wordLevel(
        WordLevelModel(
          vocabulary: try Self.vocabulary(json),
          unknownToken: try json.required("unk_token").string))
    case "Unigram": self = .unigram(try Self.unigram(json))
    case "BPE": self = .bpe(try Self.bpe(json))
    default:
      throw json.failure(
        "unknown model \"\(type)\"; known are WordPiece, Unigram, BPE and WordLevel",
        code: .unsupported)
    }
  }

  /// Old files do not name their model.
  private static func guessedType(_ json: JSONReader) throws(TokenizerError) -> String {
    if try json.optional("merges") != nil { return "BPE" }
    if try json.optional("continuing_subword_prefix") != nil { return "WordPiece" }
    if case .array? = try json.optional("vocab")?.value { return "Unigram" }
    return "WordLevel"
  }

  private static func vocabulary(_ json: JSONReader) throws(TokenizerError) -> Vocabulary {
    let vocab = try json.required("vocab")
    var entries: [(token: String, id: Int32)] = []
    for (token, value) in try vocab.members {
      guard case .integer(let id) = value, 0...Int64(Int32.max) ~= id else {
        throw vocab.failure("the number of \"\(token)\" is not a whole number from 0 to 2147483647")
      }
      entries.append((token, Int32(id)))
    }
    return try Vocabulary(entries)
  }

  private static func unigram(_ json: JSONReader) throws(TokenizerError) -> UnigramModel {
    let vocab = try json.required("vocab")
    var entries: [(token: String, score: Double)] = []
    for element in try vocab.elements {
      guard case .array(let pair) = element.value, pair.count == 2,
        case .string(let token) = pair[0]
      else { throw element.failure("expected a token and its score") }
      entries.append((token, try JSONReader(value: pair[1], path: element.path).double))
    }
    let unknown = try json.optional("unk_id")?.count
    if let unknown, unknown >= entries.count {
      throw json.failure("\"unk_id\" is \(unknown), the vocabulary has \(entries.count) tokens")
    }
    return try UnigramModel(
      entries: entries, unknownID: unknown.map { Int32($0) },
      fallsBackToBytes: try json.optional("byte_fallback")?.bool ?? false)
  }

  private static func bpe(_ json: JSONReader) throws(TokenizerError) -> BPEModel {
    if let dropout = try json.optional("dropout")?.double, !(0...1).contains(dropout) {
      throw json.failure("\"dropout\" is \(dropout), expected 0 to 1")
    }
    let vocabulary = try vocabulary(json)
    var options = BPEModel.Options()
    options.unknownToken = try json.optional("unk_token")?.string
    options.prefix = Array(try json.optional("continuing_subword_prefix")?.string.utf8 ?? "".utf8)
    options.suffix = Array(try json.optional("end_of_word_suffix")?.string.utf8 ?? "".utf8)
    options.fusesUnknown = try json.optional("fuse_unk")?.bool ?? false
    options.fallsBackToBytes = try json.optional("byte_fallback")?.bool ?? false
    options.ignoresMerges = try json.optional("ignore_merges")?.bool ?? false
    let list = try json.required("merges")
    guard case .array(let elements) = list.value else {
      throw list.failure("expected a list, found \(list.value.kind)")
    }
    var merges: [(left: Int32, right: Int32, result: Int32)] = []
    merges.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      guard let pair = pair(element) else {
        // Files converted from merges.txt keep its first line.
        if case .string(let text) = element, text.hasPrefix("#version") { continue }
        throw list.failure("merge \(index) is not a pair of tokens")
      }
      guard pair.right.utf8.count >= options.prefix.count,
        let result = String(
          validating: Array(pair.left.utf8) + pair.right.utf8.dropFirst(options.prefix.count),
          as: UTF8.self)
      else { throw list.failure("merge \(index) is shorter than the continuing prefix") }
      guard let left = vocabulary.id(of: pair.left), let right = vocabulary.id(of: pair.right),
        let merged = vocabulary.id(of: result)
      else {
        throw list.failure(
          "merge \(index) of \"\(pair.left)\" and \"\(pair.right)\" needs a token that the "
            + "vocabulary lacks")
      }
      merges.append((left, right, merged))
    }
    return BPEModel(vocabulary: vocabulary, merges: merges, options: options)
  }

  /// The two tokens of a merge: a pair, or a string with one space.
  private static func pair(_ value: JSONValue) -> (left: String, right: String)? {
    switch value {
    case .array(let pair):
      guard pair.count == 2, case .string(let left) = pair[0], case .string(let right) = pair[1]
      else { return nil }
      return (left, right)
    case .string(let text):
      if text.hasPrefix("#version") { return nil }
      let parts = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return nil }
      return (String(Substring(parts[0])), String(Substring(parts[1])))
    default: return nil
    }
  }
}
