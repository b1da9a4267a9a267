extension AlignedText {
  /// Rewrites the text: `body` reads this one's bytes and writes `target`, which then takes its
  /// place.
  @inline(__always)
  mutating func rewrite(
    _ target: inout AlignedText,
    _ body: (UnsafeBufferPointer<UInt8>, inout Rewriter, inout AlignedText) -> Void
  ) {
    target.removeAll()
    target.isTracked = isTracked
    target.base = base
    bytes.withUnsafeBufferPointer { source in
      spans.withUnsafeBufferPointer { spans in
        var rewriter = Rewriter(source, spans, isTracked: isTracked, base: base)
        body(source, &rewriter, &target)
      }
    }
    swap(&self, &target)
  }

  /// Keeps the scalars for which `isKept` is true.
  @inline(__always)
  mutating func filter(_ spare: inout AlignedText, _ isKept: (UInt32) -> Bool) {
    rewrite(&spare) { source, rewriter, target in
      var index = 0
      while index < source.count {
        let (scalar, length) = UTF8Text.scalar(source, index)
        if isKept(scalar) { rewriter.copy(index..<index + length, to: &target) }
        index += length
      }
    }
  }

  /// Replaces each scalar by another.
  @inline(__always)
  mutating func map(_ spare: inout AlignedText, _ transform: (UInt32) -> UInt32) {
    rewrite(&spare) { source, rewriter, target in
      var index = 0
      while index < source.count {
        let (scalar, length) = UTF8Text.scalar(source, index)
        rewriter.emit(transform(scalar), change: 0, to: &target)
        index += length
      }
    }
  }

  /// Puts scalars before the text, unless it is empty; they share the first character's span.
  mutating func prepend(_ prefix: [UInt32]) {
    guard !bytes.isEmpty, !prefix.isEmpty else { return }
    var head: [UInt8] = []
    for scalar in prefix { UTF8Text.append(scalar, to: &head) }
    if isTracked { spans.insert(contentsOf: repeatElement(spans[0], count: head.count), at: 0) }
    bytes.insert(contentsOf: head, at: 0)
  }
}

/// Removing white space from the ends.
enum Stripping {
  static func strip(_ text: inout AlignedText, left: Bool, right: Bool) {
    let tables = UnicodeTables.shared
    var start = 0
    var end = text.bytes.count
    text.bytes.withUnsafeBufferPointer { bytes in
      while left, start < end {
        let (scalar, length) = UTF8Text.scalar(bytes, start)
        guard tables.kind(scalar).isWhitespace else { break }
        start += length
      }
      while right, end > start {
        let (scalar, length) = UTF8Text.scalar(bytes, before: end)
        guard tables.kind(scalar).isWhitespace else { break }
        end -= length
      }
    }
    text.bytes.removeSubrange(end...)
    text.bytes.removeSubrange(..<start)
    if text.isTracked {
      text.spans.removeSubrange(end...)
      text.spans.removeSubrange(..<start)
    }
  }
}

/// Lower case, scalar by scalar, without context.
enum CaseFolding {
  static func lowercase(_ text: inout AlignedText, spare: inout AlignedText) {
    if text.bytes.allSatisfy({ $0 < 0x80 }) {
      text.bytes.withUnsafeMutableBufferPointer { bytes in
        for index in bytes.indices where bytes[index] &- 65 < 26 { bytes[index] |= 0x20 }
      }
      return
    }
    let tables = UnicodeTables.shared
    text.rewrite(&spare) { source, rewriter, target in
      var index = 0
      while index < source.count {
        let (scalar, length) = UTF8Text.scalar(source, index)
        index += length
        if scalar < 0x80 {
          rewriter.emit(scalar &- 65 < 26 ? scalar | 0x20 : scalar, change: 0, to: &target)
        } else if let lower = tables.lowercase(scalar) {
          var change = 0
          for part in lower {
            rewriter.emit(part, change: change, to: &target)
            change = 1
          }
        } else {
          rewriter.emit(scalar, change: 0, to: &target)
        }
      }
    }
  }
}
