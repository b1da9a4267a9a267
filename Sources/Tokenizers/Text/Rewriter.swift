/// Writes a changed copy of a text, keeping the spans right.
///
/// Each written scalar either replaces the next scalar of the source (`change` 0), replaces it and
/// removes the `-change` scalars behind it (`change` < 0), or is inserted and shares the span of
/// what was consumed last (`change` 1).
struct Rewriter {
  private let source: UnsafeBufferPointer<UInt8>
  private let spans: UnsafeBufferPointer<Span>
  private let isTracked: Bool
  private let base: Int32
  private var offset = 0

  init(
    _ source: UnsafeBufferPointer<UInt8>, _ spans: UnsafeBufferPointer<Span>, isTracked: Bool,
    base: Int32
  ) {
    self.source = source
    self.spans = spans
    self.isTracked = isTracked
    self.base = base
  }

  /// Appends a part of the source as it is, wherever the rewriter stands.
  @inline(__always)
  func copy(_ range: Range<Int>, to target: inout AlignedText) {
    for index in range {
      target.bytes.append(source[index])
      if isTracked { target.spans.append(spans[index]) }
    }
  }

  @inline(__always)
  private mutating func consume() {
    if offset < source.count { offset += UTF8Text.length(source[offset]) }
  }

  @inline(__always)
  mutating func emit(_ scalar: UInt32, change: Int, to target: inout AlignedText) {
    guard isTracked else {
      UTF8Text.append(scalar, to: &target.bytes)
      return
    }
    if change > 0 {
      target.append(scalar, offset < 1 ? Span(start: base, end: base) : spans[offset - 1])
    } else {
      let last = spans.count - 1
      target.append(scalar, offset <= last ? spans[offset] : spans[last])
      consume()
      for _ in 0..<(-change) { consume() }
    }
  }
}
