/// Where in the original text a byte comes from: positions in UTF-8 bytes.
struct Span: Sendable, Equatable {
  var start: Int32
  var end: Int32
}

/// UTF-8 text on its way through the normalisers and, where offsets are wanted, the original
/// span of every byte.
struct AlignedText {
  var bytes: [UInt8] = []
  /// One for each byte when `isTracked`, else empty.
  var spans: [Span] = []
  var isTracked: Bool
  /// Where in the original the text begins; what is inserted before the first character has it.
  var base: Int32 = 0

  init(isTracked: Bool) { self.isTracked = isTracked }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    spans.removeAll(keepingCapacity: true)
  }

  /// Makes this the original text `source`, which begins at `base`.
  mutating func set(_ source: UnsafeBufferPointer<UInt8>, base: Int) {
    removeAll()
    self.base = Int32(base)
    bytes.append(contentsOf: source)
    guard isTracked else { return }
    spans.reserveCapacity(source.count)
    var index = 0
    while index < source.count {
      let length = UTF8Text.length(source[index])
      let span = Span(start: Int32(base + index), end: Int32(base + index + length))
      for _ in 0..<length { spans.append(span) }
      index += length
    }
  }

  /// Appends a scalar; `span` counts only when tracked.
  @inline(__always)
  mutating func append(_ scalar: UInt32, _ span: Span) {
    let length = UTF8Text.append(scalar, to: &bytes)
    if isTracked { for _ in 0..<length { spans.append(span) } }
  }

  /// Appends a part of another text as it is.
  @inline(__always)
  mutating func append(_ other: borrowing AlignedText, _ range: Range<Int>) {
    other.bytes.withUnsafeBufferPointer {
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range]))
    }
    if isTracked { spans.append(contentsOf: other.spans[range]) }
  }
}

/// Reading and writing valid UTF-8 scalar by scalar.
enum UTF8Text {
  /// The number of bytes of the scalar that begins with `byte`.
  @inline(__always)
  static func length(_ byte: UInt8) -> Int {
    byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
  }

  /// The scalar that begins at `index`.
  ///
  /// - Precondition: `text` is valid UTF-8 and a scalar begins there.
  @inline(__always)
  static func scalar(
    _ text: UnsafeBufferPointer<UInt8>, _ index: Int
  ) -> (value: UInt32, length: Int) {
    let first = UInt32(text[index])
    if first < 0x80 { return (first, 1) }
    if first < 0xE0 { return ((first & 0x1F) << 6 | UInt32(text[index + 1] & 0x3F), 2) }
    if first < 0xF0 {
      let middle = UInt32(text[index + 1] & 0x3F) << 6
      return ((first & 0x0F) << 12 | middle | UInt32(text[index + 2] & 0x3F), 3)
    }
    let middle = UInt32(text[index + 1] & 0x3F) << 12 | UInt32(text[index + 2] & 0x3F) << 6
    return ((first & 0x07) << 18 | middle | UInt32(text[index + 3] & 0x3F), 4)
  }

  /// The scalar that ends before `index`.
  @inline(__always)
  static func scalar(
    _ text: UnsafeBufferPointer<UInt8>, before index: Int
  ) -> (value: UInt32, length: Int) {
    var start = index - 1
    while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
    return scalar(text, start)
  }

  /// Appends a scalar and says how many bytes it took.
  @inline(__always)
  @discardableResult
  static func append(_ scalar: UInt32, to bytes: inout [UInt8]) -> Int {
    if scalar < 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: scalar))
      return 1
    }
    if scalar < 0x800 {
      bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
      return 2
    }
    if scalar < 0x10000 {
      bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
      return 3
    }
    bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    return 4
  }

  /// Whether the bytes are valid UTF-8.
  static func isValid(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let raw = UnsafeRawBufferPointer(text)
    var index = 0
    while index + 8 <= raw.count,
      raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
    {
      index += 8
    }
    while index < text.count, text[index] < 0x80 { index += 1 }
    if index == text.count { return true }
    return String(validating: UnsafeBufferPointer(rebasing: text[index...]), as: UTF8.self) != nil
  }

  /// The scalars of a text.
  static func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }
}
