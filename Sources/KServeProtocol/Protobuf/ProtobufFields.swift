/// The fields of a protobuf message, read one after the other from its bytes.
///
/// The wire format is that of https://protobuf.dev/programming-guides/encoding: a tag (field number
/// and wire type) as a varint, and a value whose length the wire type tells. Only what the inference
/// messages need to keep their tensors out of the generated code, which would copy them.
struct ProtobufFields {
  /// A field: its number, its whole extent with the tag, and the extent of its contents.
  struct Field {
    let number: UInt64
    let extent: Range<Int>
    /// The bytes of a length-delimited field, `nil` for the others.
    let contents: Range<Int>?
  }

  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  private let end: Int

  init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>? = nil) {
    self.bytes = bytes
    position = range?.lowerBound ?? 0
    end = range?.upperBound ?? bytes.count
  }

  /// The numbers that a field may have.
  private static let numbers: ClosedRange<UInt64> = 1...(1 << 29 - 1)

  /// The next field, `nil` behind the last one.
  mutating func next() throws(KServeError) -> Field? {
    guard position < end else { return nil }
    let start = position
    let tag = try varint()
    guard Self.numbers.contains(tag >> 3) else { throw Self.damaged(at: start) }
    var contents: Range<Int>?
    switch tag & 7 {
    case 0: _ = try varint()
    case 1: try skip(8)
    case 2:
      let length = try varint()
      guard let length = Int(exactly: length) else { throw Self.damaged(at: start) }
      let first = position
      try skip(length)
      contents = first..<position
    case 5: try skip(4)
    default: throw Self.damaged(at: start)
    }
    return Field(number: tag >> 3, extent: start..<position, contents: contents)
  }

  private mutating func varint() throws(KServeError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard position < end else { throw Self.cut(at: start) }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw Self.damaged(at: start)
  }

  private mutating func skip(_ count: Int) throws(KServeError) {
    guard count <= end - position else { throw Self.cut(at: position) }
    position += count
  }

  private static func damaged(at position: Int) -> KServeError {
    KServeError(
      .internal, "Unable to parse the message: byte \(position) begins no field it could have"
    )
  }

  private static func cut(at position: Int) -> KServeError {
    KServeError(
      .internal,
      "Unable to parse the message, which is cut off: the field at byte \(position) goes beyond its end"
    )
  }
}

/// Counts, and then writes, the bytes of a message whose tensors are not copied before.
struct ProtobufWriter {
  private var destination: UnsafeMutableRawBufferPointer
  private(set) var position = 0

  init(_ destination: UnsafeMutableRawBufferPointer) { self.destination = destination }

  /// The bytes that `value` takes as a varint.
  static func size(ofVarint value: Int) -> Int {
    max(1, (UInt64.bitWidth - UInt64(value).leadingZeroBitCount + 6) / 7)
  }

  /// The bytes that a length-delimited field below number 16 takes.
  static func size(ofField count: Int) -> Int { 1 + size(ofVarint: count) + count }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(rebasing: destination[position...]).copyMemory(from: bytes)
    position += bytes.count
  }

  mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

  /// The tag and length of a length-delimited field below number 16.
  mutating func begin(field number: UInt8, count: Int) {
    byte(number << 3 | 2)
    var rest = UInt64(count)
    while rest >= 0x80 {
      byte(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    byte(UInt8(rest))
  }

  private mutating func byte(_ value: UInt8) {
    destination[position] = value
    position += 1
  }
}
