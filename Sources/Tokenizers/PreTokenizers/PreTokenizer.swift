/// A step that splits the normalised text into words.
indirect enum PreTokenizer: Sendable {
  case sequence([PreTokenizer])
  case bert
  case byteLevel(addPrefixSpace: Bool, usesExpression: Bool)
  case delimiter(UInt32)
  case metaspace(Metaspace)
  case whitespace
  case whitespaceSplit
  case punctuation(SplitBehavior)
  case digits(individual: Bool)
  case split(TextPattern, SplitBehavior, invert: Bool)
  case unicodeScripts
  case fixedLength(Int)

  func apply(_ text: inout PieceText) throws(TokenizerError) {
    let tables = UnicodeTables.shared
    switch self {
    case .sequence(let steps):
      for step in steps { try step.apply(&text) }
    case .bert: try Self.bert(&text)
    case .byteLevel(let addPrefixSpace, let usesExpression):
      try ByteLevelSplitting.apply(
        &text, addPrefixSpace: addPrefixSpace, usesExpression: usesExpression)
    case .delimiter(let delimiter): try text.split(.removed) { $0 == delimiter }
    case .metaspace(let metaspace): try metaspace.apply(&text)
    case .whitespace: try Self.words(&text)
    case .whitespaceSplit: try text.split(.removed) { tables.kind($0).isWhitespace }
    case .punctuation(let behavior):
      try text.split(behavior) { tables.kind($0).isPunctuation }
    case .digits(let individual):
      try text.split(individual ? .isolated : .contiguous) { tables.kind($0).isNumeric }
    case .split(let pattern, let behavior, let invert):
      try text.split(pattern, behavior, invert: invert)
    case .unicodeScripts: try Self.scripts(&text)
    case .fixedLength(let length): try Self.chunks(&text, length)
    }
  }

  /// White space goes, each punctuation mark is a piece.
  private static func bert(_ text: inout PieceText) throws(TokenizerError) {
    let tables = UnicodeTables.shared
    try text.split { bytes, piece, ranges throws(TokenizerError) in
      var last = piece.start
      var index = piece.start
      while index < piece.end {
        let (scalar, length) = UTF8Text.scalar(bytes, index)
        let kind = tables.kind(scalar)
        if kind.isWhitespace || kind.isPunctuation {
          if last < index { ranges.append(last..<index) }
          if kind.isPunctuation { ranges.append(index..<index + length) }
          last = index + length
        }
        index += length
      }
      if last < piece.end { ranges.append(last..<piece.end) }
    }
  }

  /// Runs of word characters, and runs of what is neither word nor space.
  private static func words(_ text: inout PieceText) throws(TokenizerError) {
    let tables = UnicodeTables.shared
    try text.split { bytes, piece, ranges throws(TokenizerError) in
      var index = piece.start
      while index < piece.end {
        let start = index
        let (scalar, length) = UTF8Text.scalar(bytes, index)
        index += length
        let kind = tables.kind(scalar)
        if kind.isWhitespace, !kind.isWord { continue }
        while index < piece.end {
          let (scalar, length) = UTF8Text.scalar(bytes, index)
          let next = tables.kind(scalar)
          if next.isWord != kind.isWord || (next.isWhitespace && !next.isWord) { break }
          index += length
        }
        ranges.append(start..<index)
      }
    }
  }

  /// Runs of one script; scalars of no script stay with what is before them.
  private static func scripts(_ text: inout PieceText) throws(TokenizerError) {
    let tables = UnicodeTables.shared
    try text.split { bytes, piece, ranges throws(TokenizerError) in
      // What precedes the first scalar that has a script of its own is lost in the reference.
      var last: UInt8?
      var start: Int?
      var index = piece.start
      while index < piece.end {
        let (scalar, length) = UTF8Text.scalar(bytes, index)
        let script = tables.script(scalar)
        if script != 0 {
          if last != script {
            if let start { ranges.append(start..<index) }
            start = index
          }
          last = script
        }
        index += length
      }
      if let start { ranges.append(start..<piece.end) }
    }
  }

  private static func chunks(_ text: inout PieceText, _ size: Int) throws(TokenizerError) {
    try text.split { bytes, piece, ranges throws(TokenizerError) in
      var index = piece.start
      while index < piece.end {
        let start = index
        for _ in 0..<size where index < piece.end { index += UTF8Text.length(bytes[index]) }
        ranges.append(start..<index)
      }
    }
  }
}
