/// A step that turns the texts of tokens back into running text.
indirect enum Decoder: Sendable {
  case sequence([Decoder])
  case wordPiece(prefix: String, cleansUp: Bool)
  case byteLevel
  case metaspace(replacement: Unicode.Scalar, prepends: Bool)
  case bpe(suffix: String)
  case ctc(padding: String, delimiter: String, cleansUp: Bool)
  case fuse
  case strip(content: Unicode.Scalar, start: Int, stop: Int)
  case replace(TextPattern, content: [UInt32])
  case byteFallback

  func apply(_ tokens: [String]) throws(TokenizerError) -> [String] {
    switch self {
    case .sequence(let steps):
      var tokens = tokens
      for step in steps { tokens = try step.apply(tokens) }
      return tokens
    case .wordPiece(let prefix, let cleansUp):
      return Self.wordPiece(tokens, prefix: prefix, cleansUp: cleansUp)
    case .byteLevel: return [Self.byteLevel(tokens)]
    case .metaspace(let replacement, let prepends):
      return Self.metaspace(tokens, replacement: replacement, prepends: prepends)
    case .bpe(let suffix):
      return tokens.enumerated().map { index, token in
        token.replacing(suffix, by: index == tokens.count - 1 ? "" : " ")
      }
    case .ctc(let padding, let delimiter, let cleansUp):
      return Self.ctc(tokens, padding: padding, delimiter: delimiter, cleansUp: cleansUp)
    case .fuse: return [tokens.joined()]
    case .strip(let content, let start, let stop):
      return tokens.map { Self.strip($0, content, start, stop) }
    case .replace(let pattern, let content):
      var result: [String] = []
      for token in tokens {
        var text = AlignedText(isTracked: false)
        var spare = AlignedText(isTracked: false)
        text.bytes = Array(token.utf8)
        try pattern.replace(in: &text, with: content, spare: &spare)
        result.append(String(decoding: text.bytes, as: UTF8.self))
      }
      return result
    case .byteFallback: return Self.byteFallback(tokens)
    }
  }

  private static func wordPiece(
    _ tokens: [String], prefix: String, cleansUp: Bool
  ) -> [String] {
    tokens.enumerated().map { index, token in
      var text = token
      if index > 0 {
        let bytes = Array(token.utf8)
        text =
          bytes.starts(with: prefix.utf8)
          ? String(decoding: bytes.dropFirst(prefix.utf8.count), as: UTF8.self) : " " + token
      }
      return cleansUp ? text.withoutSpacesOfTokens(joinsDoNot: true) : text
    }
  }

  private static func byteLevel(_ tokens: [String]) -> String {
    var bytes: [UInt8] = []
    for token in tokens {
      var mapped: [UInt8] = []
      for scalar in token.unicodeScalars {
        guard let byte = ByteAlphabet.bytes[scalar.value] else {
          mapped = Array(token.utf8)
          break
        }
        mapped.append(byte)
      }
      bytes += mapped
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func metaspace(
    _ tokens: [String], replacement: Unicode.Scalar, prepends: Bool
  ) -> [String] {
    tokens.enumerated().map { index, token in
      var text = String.UnicodeScalarView()
      for scalar in token.unicodeScalars {
        if scalar != replacement {
          text.append(scalar)
        } else if index > 0 || !prepends {
          text.append(" ")
        }
      }
      return String(text)
    }
  }

  private static func ctc(
    _ tokens: [String], padding: String, delimiter: String, cleansUp: Bool
  ) -> [String] {
    var result: [String] = []
    var last: [UInt8]?
    for token in tokens {
      // By bytes: Swift's strings are equal when canonically equivalent.
      let bytes = Array(token.utf8)
      if bytes == last { continue }
      last = bytes
      var text = token.replacing(padding, by: "")
      if cleansUp {
        text = text.withoutSpacesOfTokens(joinsDoNot: true).replacing(delimiter, by: " ")
      }
      if !text.isEmpty { result.append(text) }
    }
    return result
  }

  private static func strip(
    _ token: String, _ content: Unicode.Scalar, _ start: Int, _ stop: Int
  ) -> String {
    let scalars = Array(token.unicodeScalars)
    let first = scalars.prefix(start).prefix { $0 == content }.count
    let last = scalars.count - scalars.suffix(stop).reversed().prefix { $0 == content }.count
    guard first < last else { return "" }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[first..<last])
    return String(text)
  }

  /// Joins runs of byte tokens; those that are not UTF-8 become replacement characters.
  private static func byteFallback(_ tokens: [String]) -> [String] {
    var result: [String] = []
    var pending: [UInt8] = []
    func flush() {
      if pending.isEmpty { return }
      if let text = String(validating: pending, as: UTF8.self) {
        result.append(text)
      } else {
        result += Array(repeating: "\u{FFFD}", count: pending.count)
      }
      pending = []
    }
    for token in tokens {
      let bytes = Array(token.utf8)
      if bytes.count == 6, bytes.starts(with: "<0x".utf8), bytes[5] == UInt8(ascii: ">"),
        let byte = UInt8(String(decoding: bytes[3..<5], as: UTF8.self), radix: 16)
      {
        pending.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }
}

extension String {
  /// Replaces each occurrence of `pattern`, found byte by byte from left to right.
  func replacing(_ pattern: String, by replacement: String) -> String {
    let wanted = Array(pattern.utf8)
    let bytes = Array(utf8)
    guard let first = wanted.first else {
      // An empty pattern is found before each scalar and at the end.
      var text = replacement
      for scalar in unicodeScalars { text += String(scalar) + replacement }
      return text
    }
    var result: [UInt8] = []
    var index = 0
    var isChanged = false
    while index < bytes.count {
      if bytes[index] == first, bytes[index...].starts(with: wanted) {
        result += replacement.utf8
        index += wanted.count
        isChanged = true
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return isChanged ? String(decoding: result, as: UTF8.self) : self
  }

  /// The text without the spaces that splitting put into English.
  ///
  /// - Parameter joinsDoNot: whether "do not" becomes "don't", as in the tokenizers' decoders, but not in
  ///   transformers' `clean_up_tokenization`.
  package func withoutSpacesOfTokens(joinsDoNot: Bool) -> String {
    if !utf8.contains(0x20) { return self }
    let rules = [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
      (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ]
    return rules.reduce(self) { text, rule in
      rule.0 == " do not" && !joinsDoNot ? text : text.replacing(rule.0, by: rule.1)
    }
  }
}
