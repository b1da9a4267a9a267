/// The fields of one message of Protocol Buffers in memory that something else owns, such as a mapped
/// file of gigabytes: nothing is copied.
///
/// The format: <https://protobuf.dev/programming-guides/encoding>.
struct MessageFields {
  /// A field: a number, or the extent of a text or message.
  enum Value {
    case number(UInt64)
    case bytes(Range<Int>)
    /// A number of fixed width, of which an ONNX file's structure has none.
    case other
  }

  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  private let end: Int

  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>? = nil) {
    self.bytes = bytes
    position = range?.lowerBound ?? 0
    end = range?.upperBound ?? bytes.count
  }

  /// The next field; `nil` at the end of the message, and where it is damaged.
  mutating func next() -> (number: Int, value: Value)? {
    guard position < end, let key = varint(), key >> 3 > 0, key >> 3 < 1 << 29 else { return nil }
    let number = Int(key >> 3)
    switch key & 7 {
    case 0: return varint().map { (number, .number($0)) }
    case 1: return skip(8) ? (number, .other) : nil
    case 2:
      guard let count = varint(), count <= UInt64(end - position) else { return nil }
      let range = position..<position + Int(count)
      position = range.upperBound
      return (number, .bytes(range))
    case 5: return skip(4) ? (number, .other) : nil
    default: return nil
    }
  }

  /// The fields of the message in `range`.
  func message(_ range: Range<Int>) -> MessageFields { MessageFields(bytes, range) }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private mutating func varint() -> UInt64? {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { return nil }
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return result }
    }
    return nil
  }

  private mutating func skip(_ count: Int) -> Bool {
    guard count <= end - position else { return false }
    position += count
    return true
  }
}
