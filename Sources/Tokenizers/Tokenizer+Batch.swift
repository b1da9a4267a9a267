public import Tensors

extension Tokenizer {
  /// Encodes texts for a model: numbers and masks only, straight into tensors.
  ///
  /// Rows are padded as ``padding`` says, without it to the longest with token 0 on the right, and
  /// cut as ``truncation`` says. What is cut off is lost.
  ///
  /// - Throws: ``TokenizerError`` as ``encode(_:pair:addSpecialTokens:)``; the message names the row.
  public func encodeBatch(
    _ texts: StringTensor, addSpecialTokens: Bool = true
  ) throws(TokenizerError) -> TokenBatch {
    try encodeBatch(count: texts.count, addSpecialTokens) { row, body throws(TokenizerError) in
      try texts.bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
        let text = UnsafeBufferPointer(
          rebasing: bytes[texts.offsets[row]..<texts.offsets[row + 1]])
        if UTF8Text.isValid(text) {
          try body(text)
        } else {
          try Array(texts[row].utf8).withUnsafeBufferPointer(body)
        }
      }
    }
  }

  /// Encodes texts for a model; see ``encodeBatch(_:addSpecialTokens:)-(StringTensor,_)``.
  ///
  /// - Throws: ``TokenizerError`` as ``encode(_:pair:addSpecialTokens:)``; the message names the row.
  public func encodeBatch(
    _ texts: [String], addSpecialTokens: Bool = true
  ) throws(TokenizerError) -> TokenBatch {
    try encodeBatch(count: texts.count, addSpecialTokens) { row, body throws(TokenizerError) in
      var text = texts[row]
      text.makeContiguousUTF8()
      var failure: TokenizerError?
      text.withUTF8 { bytes in
        do throws(TokenizerError) { try body(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  private typealias TextBody = (UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> Void

  private func encodeBatch(
    count: Int, _ addSpecialTokens: Bool,
    _ read: (_ row: Int, _ body: TextBody) throws(TokenizerError) -> Void
  ) throws(TokenizerError) -> TokenBatch {
    let frame = try RowFrame(postProcessor, addSpecialTokens: addSpecialTokens)
    var limit: Int?
    if let truncation {
      let added = addSpecialTokens ? postProcessor?.addedTokens(isPair: false) ?? 0 : 0
      limit = try truncation.limit(added: added)
      if let limit, limit > 0, truncation.stride >= limit {
        throw Truncation.wideStride(truncation.stride, of: limit)
      }
    }
    // One token more than remains shows that the row is too long.
    let earlyStop = truncation?.direction == .right ? limit.map { $0 + 1 } : nil
    var ids: [Int32] = []
    var ends: [Int] = []
    ends.reserveCapacity(count)
    try workspaces.with { workspace throws(TokenizerError) in
      for row in 0..<count {
        do throws(TokenizerError) {
          try read(row) { text throws(TokenizerError) in
            try tokenize(text, &workspace, limit: earlyStop)
          }
          try append(workspace.sink.ids, limit: limit, to: &ids)
        } catch var error {
          error.location = error.location ?? "row \(row)"
          throw error
        }
        ends.append(ids.count)
      }
    }
    return try TokenBatch(ids: ids, ends: ends, frame: frame, padding: padding ?? Padding())
  }

  /// Appends the tokens of a row that truncation keeps.
  private func append(
    _ row: [Int32], limit: Int?, to ids: inout [Int32]
  ) throws(TokenizerError) {
    guard let truncation, let limit, row.count > limit else {
      ids.append(contentsOf: row)
      return
    }
    if truncation.strategy == .onlySecond, limit > 0 { throw Truncation.noSecondText }
    ids.append(
      contentsOf: truncation.direction == .right ? row.prefix(limit) : row.suffix(limit))
  }
}

/// What a post-processor puts around the tokens of a single text.
struct RowFrame {
  enum Part {
    case tokens(typeID: Int64)
    case special(id: Int64, typeID: Int64)
  }

  private(set) var parts: [Part] = []
  /// The special tokens and how often the text's tokens occur.
  private(set) var specialCount = 0
  private(set) var textCount = 0

  /// Learns the frame from what the post-processor does with one token.
  init(_ postProcessor: PostProcessor?, addSpecialTokens: Bool) throws(TokenizerError) {
    let marker = -1
    var sample = Encoding()
    sample.append(
      id: marker, typeID: 0, token: "", offsets: 0..<0, attention: 1, special: 0, word: 0)
    if let postProcessor {
      sample = try postProcessor.apply([sample], addSpecialTokens: addSpecialTokens)
    }
    for (id, typeID) in zip(sample.ids, sample.typeIDs) {
      if id == marker {
        parts.append(.tokens(typeID: Int64(typeID)))
        textCount += 1
      } else {
        parts.append(.special(id: Int64(id), typeID: Int64(typeID)))
        specialCount += 1
      }
    }
  }
}

extension TokenBatch {
  /// Rows of tokens, row `i` ending before `ends[i]`, framed and padded.
  fileprivate init(
    ids: [Int32], ends: [Int], frame: RowFrame, padding: Padding
  ) throws(TokenizerError) {
    var lengths: [Int] = []
    lengths.reserveCapacity(ends.count)
    var last = 0
    for end in ends {
      lengths.append((end - last) * frame.textCount + frame.specialCount)
      last = end
    }
    let longest = lengths.max() ?? 0
    let width = ends.isEmpty ? 0 : Swift.max(longest, try padding.target(longest: longest))
    guard width.multipliedReportingOverflow(by: ends.count).partialValue <= 1 << 32 else {
      throw TokenizerError(
        .invalidOption,
        "\(ends.count) rows padded to \(width) tokens do not fit memory; use "
          + "truncation or fewer rows")
    }
    let shape: Shape = [ends.count, width]
    inputIDs = Tensor(shape: shape) { output in
      output.initialize(repeating: Int64(padding.id))
      Self.write(ids, ends, lengths, width, frame, padding) { position, value in
        output[position] = value
      } type: { _, _ in
      }
    }
    attentionMask = Tensor(shape: shape) { output in
      output.initialize(repeating: 0)
      for (row, length) in lengths.enumerated() {
        let start = row * width + (padding.direction == .left ? width - length : 0)
        for position in start..<start + length { output[position] = 1 }
      }
    }
    tokenTypeIDs = Tensor(shape: shape) { output in
      output.initialize(repeating: Int64(padding.typeID))
      Self.write(ids, ends, lengths, width, frame, padding) { _, _ in
      } type: { position, value in
        output[position] = value
      }
    }
    self.lengths = lengths
  }

  @inline(__always)
  private static func write(
    _ ids: [Int32], _ ends: [Int], _ lengths: [Int], _ width: Int, _ frame: RowFrame,
    _ padding: Padding, id writeID: (Int, Int64) -> Void, type writeType: (Int, Int64) -> Void
  ) {
    var first = 0
    for (row, end) in ends.enumerated() {
      var position = row * width + (padding.direction == .left ? width - lengths[row] : 0)
      for part in frame.parts {
        switch part {
        case .special(let id, let typeID):
          writeID(position, id)
          writeType(position, typeID)
          position += 1
        case .tokens(let typeID):
          for index in first..<end {
            writeID(position, Int64(ids[index]))
            writeType(position, typeID)
            position += 1
          }
        }
      }
      first = end
    }
  }
}
