/// What a `Split` or `Replace` component looks for.
enum TextPattern: Sendable {
  /// This text, byte by byte; not empty.
  case literal([UInt8])
  case expression(RegularExpression)

  /// A part of a text, and whether it matches.
  struct Part {
    var start: Int
    var end: Int
    var isMatch: Bool
  }

  /// Appends parts that cover `text` from `range.lowerBound` to its end, in order.
  func parts(
    of text: UnsafeBufferPointer<UInt8>, into parts: inout [Part]
  ) throws(TokenizerError) {
    var last = 0
    switch self {
    case .literal(let wanted):
      var index = 0
      while index + wanted.count <= text.count {
        if text[index] == wanted[0], Self.matches(text, index, wanted) {
          if last < index { parts.append(Part(start: last, end: index, isMatch: false)) }
          index += wanted.count
          parts.append(Part(start: index - wanted.count, end: index, isMatch: true))
          last = index
        } else {
          index += 1
        }
      }
    case .expression(let expression):
      var search = ExpressionSearch(expression, text)
      while let range = try search.next() {
        if last < range.lowerBound {
          parts.append(Part(start: last, end: range.lowerBound, isMatch: false))
        }
        parts.append(Part(start: range.lowerBound, end: range.upperBound, isMatch: true))
        last = range.upperBound
      }
    }
    if last < text.count { parts.append(Part(start: last, end: text.count, isMatch: false)) }
  }

  @inline(__always)
  private static func matches(
    _ text: UnsafeBufferPointer<UInt8>, _ index: Int, _ wanted: [UInt8]
  ) -> Bool {
    for offset in wanted.indices where text[index + offset] != wanted[offset] { return false }
    return true
  }

  /// Replaces every match by `content`, whose scalars share the span of the match's last byte.
  func replace(
    in text: inout AlignedText, with content: [UInt32], spare: inout AlignedText
  ) throws(TokenizerError) {
    if text.bytes.isEmpty { return }
    var found: [Part] = []
    if case .literal(let wanted) = self, !text.bytes.contains(wanted[0]) { return }
    try text.bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
      try parts(of: bytes, into: &found)
    }
    spare.removeAll()
    spare.isTracked = text.isTracked
    spare.base = text.base
    for part in found {
      if part.isMatch {
        var span = Span(start: text.base, end: text.base)
        if text.isTracked, part.end > 0 { span = text.spans[part.end - 1] }
        for scalar in content { spare.append(scalar, span) }
      } else {
        spare.append(text, part.start..<part.end)
      }
    }
    swap(&text, &spare)
  }
}

/// What becomes of the matches of a splitting component.
enum SplitBehavior: String, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// The ranges that remain of `parts`.
  func ranges(of parts: [TextPattern.Part], into ranges: inout [Range<Int>]) {
    switch self {
    case .isolated: for part in parts { ranges.append(part.start..<part.end) }
    case .removed: for part in parts where !part.isMatch { ranges.append(part.start..<part.end) }
    case .contiguous:
      merge(parts, into: &ranges) { isMatch, previous in isMatch == previous }
    case .mergedWithPrevious:
      merge(parts, into: &ranges) { isMatch, previous in isMatch && !previous }
    case .mergedWithNext:
      let first = ranges.count
      var previous = false
      for part in parts.reversed() {
        if part.isMatch, !previous, ranges.count > first {
          ranges[ranges.count - 1] = part.start..<ranges[ranges.count - 1].upperBound
        } else {
          ranges.append(part.start..<part.end)
        }
        previous = part.isMatch
      }
      ranges[first...].reverse()
    }
  }

  private func merge(
    _ parts: [TextPattern.Part], into ranges: inout [Range<Int>],
    _ joins: (_ isMatch: Bool, _ previous: Bool) -> Bool
  ) {
    let first = ranges.count
    var previous = false
    for part in parts {
      if joins(part.isMatch, previous), ranges.count > first {
        ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<part.end
      } else {
        ranges.append(part.start..<part.end)
      }
      previous = part.isMatch
    }
  }
}
