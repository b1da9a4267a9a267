/// A token that is cut out of the text before the model sees it.
package struct AddedToken: Sendable, Hashable {
  package var content: TokenText
  /// Only where no word character touches it.
  package var isSingleWord = false
  /// Takes the white space before it with it.
  package var stripsLeft = false
  package var stripsRight = false
  /// Looked for in the normalised text, in its normalised form.
  package var isNormalized = false
  /// Left out when decoding without special tokens.
  package var isSpecial = true

  package init(_ content: String) { self.content = TokenText(content) }
}

/// A text that equals only itself: Swift's strings are equal when canonically equivalent.
package struct TokenText: Sendable, Hashable {
  let bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }

  package var string: String { String(decoding: bytes, as: UTF8.self) }
}

extension AddedToken {
  /// The `added_tokens` section of a tokenizer file.
  static func list(_ json: JSONReader) throws(TokenizerError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    for element in try json.elements {
      _ = try element.required("id").count
      var token = AddedToken(try element.required("content").string)
      token.isSingleWord = try element.optional("single_word")?.bool ?? false
      token.stripsLeft = try element.optional("lstrip")?.bool ?? false
      token.stripsRight = try element.optional("rstrip")?.bool ?? false
      token.isNormalized = try element.optional("normalized")?.bool ?? false
      token.isSpecial = try element.optional("special")?.bool ?? false
      tokens.append(token)
    }
    return tokens
  }
}
