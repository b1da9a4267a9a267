import FoundationEssentials

/// SentencePiece's compiled normalisation rules: a double-array trie from character sequences to
/// positions in a block of replacements that end with NUL.
///
/// Source of the layout: the Darts-clone double array that SentencePiece writes.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let replacements: [UInt8]

  init(base64: String) throws(TokenizerError) {
    guard let bytes = Data(base64Encoded: base64).map({ [UInt8]($0) }), bytes.count >= 4 else {
      throw TokenizerError(.invalidFile, "the compiled character map is not base64")
    }
    func word(_ index: Int) -> UInt32 {
      UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
        | UInt32(bytes[index + 3]) << 24
    }
    let size = Int(word(0))
    guard size % 4 == 0, size >= 4, size <= bytes.count - 4 else {
      throw TokenizerError(
        .invalidFile,
        "the compiled character map says that its trie has \(size) bytes of \(bytes.count)")
    }
    let units = (0..<size / 4).map { word(4 + $0 * 4) }
    let tail = Array(bytes[(4 + size)...])
    guard String(validating: tail, as: UTF8.self) != nil else {
      throw TokenizerError(.invalidFile, "the compiled character map's texts are not UTF-8")
    }
    self.units = units
    self.replacements = tail
  }

  /// The replacement for the shortest known prefix of the bytes: that is how the reference does it.
  private func replacement(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) -> Range<Int>? {
    var node = Int(Self.offset(units[0]))
    for index in range {
      let byte = UInt32(text[index])
      if byte == 0 { return nil }
      node ^= Int(byte)
      guard node < units.count else { return nil }
      let unit = units[node]
      guard unit & 0x8000_00FF == byte else { return nil }
      node ^= Int(Self.offset(unit))
      guard node < units.count else { return nil }
      if unit >> 8 & 1 == 1 {
        let start = Int(units[node] & 0x7FFF_FFFF)
        if start == replacements.count { return start..<start }
        // A damaged map may point outside, or into the middle of a character.
        guard start < replacements.count, replacements[start] & 0xC0 != 0x80 else { return nil }
        let end = replacements[start...].firstIndex(of: 0) ?? replacements.count
        return start..<end
      }
    }
    return nil
  }

  @inline(__always)
  private static func offset(_ unit: UInt32) -> UInt32 { (unit >> 10) << ((unit & 1 << 9) >> 6) }

  func apply(_ text: inout AlignedText, spare: inout AlignedText) {
    var changes: [(scalar: UInt32, change: Int)] = []
    changes.reserveCapacity(text.bytes.count)
    text.rewrite(&spare) { source, rewriter, target in
      var index = 0
      while index < source.count {
        let end = Graphemes.end(source, after: index)
        if end - index < 6, let found = replacement(source, index..<end) {
          write(found, source, index..<end, &changes)
          index = end
          continue
        }
        while index < end {
          let (scalar, length) = UTF8Text.scalar(source, index)
          if let found = replacement(source, index..<index + length) {
            write(found, source, index..<index + length, &changes)
          } else {
            changes.append((scalar, 0))
          }
          index += length
        }
      }
      for (scalar, change) in changes { rewriter.emit(scalar, change: change, to: &target) }
    }
  }

  /// Notes the scalars of a replacement. Where they are more than the replaced ones, the last ones
  /// are insertions; where they are fewer, the last scalar noted so far swallows the rest.
  private func write(
    _ found: Range<Int>, _ source: UnsafeBufferPointer<UInt8>, _ range: Range<Int>,
    _ changes: inout [(scalar: UInt32, change: Int)]
  ) {
    let old = range.reduce(into: 0) { if source[$1] & 0xC0 != 0x80 { $0 += 1 } }
    let start = changes.count
    replacements.withUnsafeBufferPointer { replacements in
      var index = found.lowerBound
      while index < found.upperBound {
        let (scalar, length) = UTF8Text.scalar(replacements, index)
        changes.append((scalar, 0))
        index += length
      }
    }
    let new = changes.count - start
    if new > old {
      for position in changes.count - (new - old)..<changes.count { changes[position].change = 1 }
    } else if new < old, !changes.isEmpty {
      changes[changes.count - 1].change += new - old
    }
  }
}
