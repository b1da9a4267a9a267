extension Tokenizer {
  /// Cuts a text into tokens: `workspace.sink` has them afterwards.
  ///
  /// - Parameter limit: stop after the piece with which so many tokens are reached.
  func tokenize(
    _ text: UnsafeBufferPointer<UInt8>, _ workspace: inout Workspace,
    limit: Int?
  ) throws(TokenizerError) {
    guard text.count < Int32.max / 8 else {
      throw TokenizerError(
        .invalidInput, "a text of \(text.count) bytes; at most \(Int32.max / 8) are possible")
    }
    workspace.pieces.removeAll()
    workspace.sink.removeAll()
    workspace.pieceOfToken.removeAll(keepingCapacity: true)
    if text.isEmpty { return }
    if let original = added.original, original.mayMatch(text) {
      var parts: [AddedTokenMatcher.Part] = []
      original.parts(of: text, into: &parts)
      for part in parts { try normalize(text, part, &workspace) }
    } else {
      try normalize(text, .init(start: 0, end: text.count, token: -1), &workspace)
    }
    try preTokenizer?.apply(&workspace.pieces)
    let limit = limit ?? .max
    for index in workspace.pieces.pieces.indices where workspace.sink.ids.count < limit {
      try runModel(&workspace, on: index)
    }
  }

  /// Appends a part of the text, normalised, as pieces.
  private func normalize(
    _ text: UnsafeBufferPointer<UInt8>, _ part: AddedTokenMatcher.Part,
    _ workspace: inout Workspace
  ) throws(TokenizerError) {
    let slice = UnsafeBufferPointer(rebasing: text[part.start..<part.end])
    workspace.normal.set(slice, base: part.start)
    let start = workspace.pieces.text.bytes.count
    if part.token >= 0 {
      workspace.appendPiece(0..<slice.count, at: start, token: part.token)
      return
    }
    try normalizer?.apply(&workspace.normal, spare: &workspace.spare)
    workspace.addedParts.removeAll(keepingCapacity: true)
    if let matcher = added.normalizedMatcher {
      workspace.normal.bytes.withUnsafeBufferPointer { bytes in
        if matcher.mayMatch(bytes) { matcher.parts(of: bytes, into: &workspace.addedParts) }
      }
    }
    if workspace.addedParts.isEmpty {
      let count = workspace.normal.bytes.count
      if count > 0 { workspace.appendPiece(0..<count, at: start, token: -1) }
      return
    }
    for index in workspace.addedParts.indices {
      let found = workspace.addedParts[index]
      workspace.appendPiece(
        found.start..<found.end, at: workspace.pieces.text.bytes.count, token: found.token)
    }
  }

  @inline(__always)
  private func runModel(_ workspace: inout Workspace, on index: Int) throws(TokenizerError) {
    let piece = workspace.pieces.pieces[index]
    if piece.token >= 0 {
      workspace.sink.append(piece.token, 0, piece.end - piece.start, isSurface: true)
    } else {
      try workspace.pieces.text.bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
        let word = UnsafeBufferPointer(rebasing: bytes[piece.start..<piece.end])
        try model.tokenize(word, into: &workspace.sink, &workspace.memory)
      }
    }
    if workspace.sink.wantsPlaces {
      while workspace.pieceOfToken.count < workspace.sink.ids.count {
        workspace.pieceOfToken.append(Int32(index))
      }
    }
  }
}

extension Workspace {
  /// Copies a part of the normalised text to the pieces' text, as one piece.
  @inline(__always)
  fileprivate mutating func appendPiece(_ range: Range<Int>, at start: Int, token: Int32) {
    pieces.text.append(normal, range)
    var base = normal.base
    if normal.isTracked, !range.isEmpty {
      base = normal.spans[range.lowerBound].start
    } else if range.lowerBound > 0 {
      base += 1
    }
    pieces.pieces.append(
      Piece(start: start, end: start + range.count, base: base, token: token))
  }
}
