/// A token that is cut out of the text before the model sees it.
struct AddedToken: Sendable, Equatable {
  var content: TokenText
  /// Only where no word character touches it.
  var isSingleWord: Bool
  /// Takes the white space before it with it.
  var stripsLeft: Bool
  var stripsRight: Bool
  /// Looked for in the normalised text, in its normalised form.
  var isNormalized: Bool
  /// Left out when decoding without special tokens.
  var isSpecial: Bool
}

/// A text that equals only itself: Swift's strings are equal when canonically equivalent.
struct TokenText: Sendable, Hashable {
  let bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }

  var string: String { String(decoding: bytes, as: UTF8.self) }
}

extension AddedToken {
  /// The `added_tokens` section of a tokenizer file.
  static func list(_ json: JSONReader) throws(TokenizerError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    for element in try json.elements {
      _ = try element.required("id").count
      tokens.append(
        AddedToken(
          content: TokenText(try element.required("content").string),
          isSingleWord: try element.optional("single_word")?.bool ?? false,
          stripsLeft: try element.optional("lstrip")?.bool ?? false,
          stripsRight: try element.optional("rstrip")?.bool ?? false,
          isNormalized: try element.optional("normalized")?.bool ?? false,
          isSpecial: try element.optional("special")?.bool ?? false))
    }
    return tokens
  }
}
