extension Encoding {
  /// Special tokens that a template puts in.
  init(special tokens: [(token: String, id: Int)], typeID: Int) {
    for (token, id) in tokens {
      append(
        id: id, typeID: typeID, token: token, offsets: 0..<0, attention: 1, special: 1, word: nil)
    }
  }

  mutating func append(
    id: Int, typeID: Int, token: String, offsets: Range<Int>, attention: Int, special: Int,
    word: Int?
  ) {
    ids.append(id)
    typeIDs.append(typeID)
    tokens.append(token)
    self.offsets.append(offsets)
    attentionMask.append(attention)
    specialTokensMask.append(special)
    wordIDs.append(word)
  }

  mutating func setTypeIDs(_ typeID: Int) {
    typeIDs = Array(repeating: typeID, count: ids.count)
  }

  /// The tokens in `range`, without overflow.
  private func slice(_ range: Range<Int>) -> Encoding {
    var result = Encoding()
    result.ids = Array(ids[range])
    result.typeIDs = Array(typeIDs[range])
    result.tokens = Array(tokens[range])
    result.offsets = Array(offsets[range])
    result.attentionMask = Array(attentionMask[range])
    result.specialTokensMask = Array(specialTokensMask[range])
    result.wordIDs = Array(wordIDs[range])
    return result
  }

  /// Cuts to at most `length` tokens; the rest goes to ``overflowing``.
  mutating func truncate(
    to length: Int, stride: Int, direction: Direction
  ) throws(TokenizerError) {
    if length >= count { return }
    if length == 0 {
      var cut = Encoding()
      cut.overflowing = [self]
      self = cut
      return
    }
    guard stride < length else { throw Truncation.wideStride(stride, of: length) }
    var ranges: [Range<Int>] = []
    repeat {
      let start = ranges.count * (length - stride)
      ranges.append(start..<min(start + length, count))
    } while ranges.last?.upperBound != count
    // From the other end they are the mirror image.
    if direction == .left {
      ranges = ranges.map { count - $0.upperBound..<count - $0.lowerBound }
    }
    var cut = slice(ranges[0])
    cut.overflowing = ranges.dropFirst().map { slice($0) }
    self = cut
  }

  /// Appends another encoding. Each overflow of either side makes an overflow of the whole.
  mutating func merge(_ other: Encoding) {
    var overflow: [Encoding] = []
    for part in overflowing {
      var whole = part
      whole.merge(other)
      overflow.append(whole)
      for otherPart in other.overflowing {
        var whole = part
        whole.merge(otherPart)
        overflow.append(whole)
      }
    }
    for otherPart in other.overflowing {
      var whole = self
      whole.merge(otherPart)
      overflow.append(whole)
    }
    ids += other.ids
    typeIDs += other.typeIDs
    tokens += other.tokens
    offsets += other.offsets
    attentionMask += other.attentionMask
    specialTokensMask += other.specialTokensMask
    wordIDs += other.wordIDs
    overflowing = overflow
  }

  /// Fills up to `length` tokens, overflow included.
  mutating func pad(to length: Int, _ padding: Padding) {
    for index in overflowing.indices { overflowing[index].pad(to: length, padding) }
    let missing = length - count
    if missing <= 0 { return }
    func fill<Element>(_ list: inout [Element], _ element: Element) {
      let filling = repeatElement(element, count: missing)
      list.insert(contentsOf: filling, at: padding.direction == .left ? 0 : list.count)
    }
    fill(&ids, padding.id)
    fill(&typeIDs, padding.typeID)
    fill(&tokens, padding.token)
    fill(&offsets, 0..<0)
    fill(&attentionMask, 0)
    fill(&specialTokensMask, 1)
    fill(&wordIDs, nil)
  }
}
