extension Normalizer {
  /// The `normalizer` section of a tokenizer file.
  init(_ json: JSONReader) throws(TokenizerError) {
    let type = try json.required("type").string
    switch type {
    case "Sequence":
      self = .sequence(
        try json.required("normalizers").elements.map { step throws(TokenizerError) in
          try Normalizer(step)
        })
    case "BertNormalizer":
      let lowercase = try json.required("lowercase").bool
      self = .bert(
        BertNormalizer(
          cleanText: try json.required("clean_text").bool,
          handleChinese: try json.required("handle_chinese_chars").bool,
          stripAccents: try json.optional("strip_accents")?.bool ?? lowercase,
          lowercase: lowercase))
    case "NFC": self = .unicode(NormalizationForm(isCompatible: false, isComposed: true))
    case "NFD": self = .unicode(NormalizationForm(isCompatible: false, isComposed: false))
    case "NFKC": self = .unicode(NormalizationForm(isCompatible: true, isComposed: true))
    case "NFKD": self = .unicode(NormalizationForm(isCompatible: true, isComposed: false))
    case "Lowercase": self = .lowercase
    case "Strip":
      self = .strip(
        left: try json.required("strip_left").bool, right: try json.required("strip_right").bool)
    case "StripAccents": self = .stripAccents
    case "Replace":
      self = .replace(
        try TextPattern(try json.required("pattern")),
        content: UTF8Text.scalars(try json.required("content").string))
    case "Prepend": self = .prepend(UTF8Text.scalars(try json.required("prepend").string))
    case "Precompiled":
      do {
        self = .precompiled(
          try CharacterMap(base64: try json.required("precompiled_charsmap").string))
      } catch {
        throw json.failure(error.message)
      }
    case "Nmt": self = .nmt
    case "ByteLevel": self = .byteLevel
    default: throw json.failure("unknown normalizer \"\(type)\"", code: .unsupported)
    }
  }
}

extension TextPattern {
  /// `{"String": text}` or `{"Regex": expression}`.
  init(_ json: JSONReader) throws(TokenizerError) {
    if let text = try json.optional("String")?.string {
      self = text.isEmpty ? .expression(try RegularExpression("")) : .literal(Array(text.utf8))
    } else if let expression = try json.optional("Regex") {
      do {
        self = .expression(try RegularExpression(try expression.string))
      } catch {
        throw expression.failure(error.message, code: error.code)
      }
    } else {
      throw json.failure("expected a String or a Regex")
    }
  }
}
