extension PreTokenizer {
  /// The `pre_tokenizer` section of a tokenizer file.
  init(_ json: JSONReader) throws(TokenizerError) {
    let type = try json.required("type").string
    switch type {
    case "Sequence":
      self = .sequence(
        try json.required("pretokenizers").elements.map { step throws(TokenizerError) in
          try PreTokenizer(step)
        })
    case "BertPreTokenizer": self = .bert
    case "ByteLevel":
      self = .byteLevel(
        addPrefixSpace: try json.required("add_prefix_space").bool,
        usesExpression: try json.optional("use_regex")?.bool ?? true)
    case "CharDelimiterSplit", "Delimiter":
      self = .delimiter(try json.required("delimiter").scalar.value)
    case "Metaspace": self = .metaspace(try Metaspace(json))
    case "Whitespace": self = .whitespace
    case "WhitespaceSplit": self = .whitespaceSplit
    case "Punctuation": self = .punctuation(try json.choice("behavior", or: .isolated))
    case "Digits":
      self = .digits(individual: try json.required("individual_digits").bool)
    case "Split":
      self = .split(
        try TextPattern(try json.required("pattern")), try json.choice("behavior", or: nil),
        invert: try json.required("invert").bool)
    case "UnicodeScripts": self = .unicodeScripts
    case "FixedLength":
      let length = try json.optional("length")?.count ?? 5
      guard length > 0 else { throw json.failure("\"length\" must be at least 1") }
      self = .fixedLength(length)
    default: throw json.failure("unknown pre-tokenizer \"\(type)\"", code: .unsupported)
    }
  }
}

extension Metaspace {
  init(_ json: JSONReader) throws(TokenizerError) {
    replacement = try json.required("replacement").scalar.value
    splits = try json.optional("split")?.bool ?? true
    prepending = try json.choice("prepend_scheme", or: .always)
    // Older files say only whether a space is put before the text.
    if let flag = try json.optional("add_prefix_space"), try !flag.bool {
      if try json.optional("prepend_scheme") != nil, prepending != .never {
        throw json.failure("\"add_prefix_space\" contradicts \"prepend_scheme\"")
      }
      prepending = .never
    }
  }
}
