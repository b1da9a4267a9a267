/// A step that puts special tokens around the tokens of one text or two.
indirect enum PostProcessor: Sendable {
  case sequence([PostProcessor])
  case template(TemplateProcessing)
  case bert(separator: SpecialToken, classifier: SpecialToken)
  case roberta(
    separator: SpecialToken, classifier: SpecialToken, trimsOffsets: Bool, addsPrefixSpace: Bool)
  case byteLevel(trimsOffsets: Bool, addsPrefixSpace: Bool)

  typealias SpecialToken = (token: String, id: Int)

  /// How many tokens it adds.
  func addedTokens(isPair: Bool) -> Int {
    switch self {
    case .sequence(let steps): steps.reduce(0) { $0 + $1.addedTokens(isPair: isPair) }
    case .template(let template): template.addedTokens(isPair: isPair)
    case .bert: isPair ? 3 : 2
    case .roberta: isPair ? 4 : 2
    case .byteLevel: 0
    }
  }

  /// The whole of one or two encodings.
  func apply(
    _ encodings: [Encoding], addSpecialTokens: Bool
  ) throws(TokenizerError) -> Encoding {
    var encodings = encodings
    for index in encodings.indices { encodings[index].setTypeIDs(index) }
    encodings = try process(encodings, addSpecialTokens)
    var whole = Encoding()
    for encoding in encodings { whole.merge(encoding) }
    return whole
  }

  private func process(
    _ encodings: [Encoding], _ addSpecialTokens: Bool
  ) throws(TokenizerError) -> [Encoding] {
    var encodings = encodings
    switch self {
    case .sequence(let steps):
      for step in steps { encodings = try step.process(encodings, addSpecialTokens) }
      return encodings
    case .template(let template): return try template.apply(encodings, addSpecialTokens)
    case .bert(let separator, let classifier):
      if !addSpecialTokens { return encodings }
      return encodings.enumerated().map { index, encoding in
        encoding.surrounded(
          by: index == 0 ? classifier : nil, separator, typeID: index == 0 ? 0 : 1,
          resetsTypes: false)
      }
    case .roberta(let separator, let classifier, let trims, let addsPrefixSpace):
      for index in encodings.indices {
        if trims { encodings[index].trimOffsets(addsPrefixSpace: addsPrefixSpace) }
        encodings[index].setTypeIDs(0)
      }
      if !addSpecialTokens { return encodings }
      return encodings.enumerated().map { index, encoding in
        encoding.surrounded(
          by: index == 0 ? classifier : separator, separator, typeID: 0, resetsTypes: true)
      }
    case .byteLevel(let trims, let addsPrefixSpace):
      if trims {
        for index in encodings.indices {
          encodings[index].trimOffsets(addsPrefixSpace: addsPrefixSpace)
        }
      }
      return encodings
    }
  }
}

extension Encoding {
  /// The encoding and its overflow between two special tokens.
  fileprivate func surrounded(
    by first: PostProcessor.SpecialToken?, _ last: PostProcessor.SpecialToken, typeID: Int,
    resetsTypes: Bool
  ) -> Encoding {
    var result = Encoding()
    if let first { result = Encoding(special: [first], typeID: typeID) }
    var middle = self
    middle.overflowing = []
    // What earlier steps added counts as text.
    middle.specialTokensMask = Array(repeating: 0, count: middle.count)
    middle.attentionMask = Array(repeating: 1, count: middle.count)
    result.merge(middle)
    result.merge(Encoding(special: [last], typeID: typeID))
    result.overflowing = overflowing.map { part in
      var part = part.surrounded(by: first, last, typeID: typeID, resetsTypes: resetsTypes)
      part.overflowing = []
      if resetsTypes { part.setTypeIDs(typeID) }
      return part
    }
    return result
  }

  /// Takes the white space that a token's text begins and ends with out of its offsets.
  fileprivate mutating func trimOffsets(addsPrefixSpace: Bool) {
    for index in overflowing.indices {
      overflowing[index].trimOffsets(addsPrefixSpace: addsPrefixSpace)
    }
    let tables = UnicodeTables.shared
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.value == ByteAlphabet.space || tables.kind(scalar.value).isWhitespace
    }
    for index in tokens.indices {
      let scalars = tokens[index].unicodeScalars
      var leading = scalars.prefix { isSpace($0) }.count
      let trailing = scalars.reversed().prefix { isSpace($0) }.count
      if leading == 0, trailing == 0 { continue }
      var (start, end) = (offsets[index].lowerBound, offsets[index].upperBound)
      if leading > 0 {
        // The space that the pre-tokenizer put before the first word is not in the text.
        let isFirst = index == 0 || start == 0
        if isFirst, addsPrefixSpace, leading == 1 { leading = 0 }
        start = min(start + leading, end)
      }
      if trailing > 0, end >= trailing { end = max(end - trailing, start) }
      offsets[index] = start..<end
    }
  }
}
