/// What is wrong with bytes that should be a message of Protocol Buffers.
package struct ProtobufError: Error, CustomStringConvertible {
  package var description: String

  package init(description: String) { self.description = description }
}

/// Reads the fields of one message of Protocol Buffers, and of messages inside it, within bounds. The
/// bytes belong to somebody else, as those of a mapped file of gigabytes, and nothing is copied.
///
/// The format: <https://protobuf.dev/programming-guides/encoding>.
package struct ProtobufReader {
  /// The value of a field as its wire type says.
  package enum Value {
    case number(UInt64)
    /// A string, a message or packed numbers: where its bytes are.
    case bytes(Range<Int>)
    case fixed32(UInt32)
    case fixed64(UInt64)
  }

  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  private let end: Int

  /// - Parameter range: where in `bytes` the message is; `nil` for all of them.
  package init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>? = nil) {
    self.bytes = bytes
    position = range?.lowerBound ?? 0
    end = range?.upperBound ?? bytes.count
  }

  /// The next field, `nil` at the end of the message.
  package mutating func next() throws(ProtobufError) -> (number: Int, value: Value)? {
    if position == end { return nil }
    let start = position
    let key = try number()
    guard key >> 3 > 0, key >> 3 < 1 << 29 else {
      throw ProtobufError(description: "no field begins at byte \(start)")
    }
    let field = Int(key >> 3)
    switch key & 7 {
    case 0: return (field, .number(try number()))
    case 1: return (field, .fixed64(try fixed(8)))
    case 2:
      let count = try number()
      guard count <= UInt64(end - position) else {
        throw ProtobufError(
          description: "field \(field) at byte \(start) has \(count) bytes, of which "
            + "\(end - position) are there")
      }
      let range = position..<position + Int(count)
      position = range.upperBound
      return (field, .bytes(range))
    case 5: return (field, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
    default:
      throw ProtobufError(
        description: "field \(field) at byte \(start) is of the unknown kind \(key & 7)")
    }
  }

  /// A reader of the message in `range`.
  package func message(_ range: Range<Int>) -> ProtobufReader { ProtobufReader(bytes, range) }

  /// The text in `range`.
  package func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// What is left of the message, as text.
  package var text: String { text(position..<end) }

  /// Calls `body` with each field that has bytes: its number, and a reader of the message or text.
  ///
  /// - Throws: what `body` throws, or `ProtobufError` where a field is damaged, after those before it.
  package func eachMessage(
    _ body: (_ number: Int, _ message: ProtobufReader) throws(ProtobufError) -> Void
  ) throws(ProtobufError) {
    var reader = self
    while let field = try reader.next() {
      if case .bytes(let range) = field.value { try body(field.number, message(range)) }
    }
  }

  /// The last number in a field `wanted`, `nil` if there is none.
  package func number(in wanted: Int) throws(ProtobufError) -> UInt64? {
    var reader = self
    var last: UInt64?
    while let field = try reader.next() {
      if field.number == wanted, case .number(let number) = field.value { last = number }
    }
    return last
  }

  /// Key and value of an entry of a map: fields 1 and 2.
  package func entry() throws(ProtobufError) -> (key: String, value: ProtobufReader) {
    var (key, value) = ("", message(end..<end))
    try eachMessage { number, message in
      if number == 1 { key = message.text }
      if number == 2 { value = message }
    }
    return (key, value)
  }

  /// All numbers of a packed repeated field, which this reader must stand for.
  package func packedNumbers() throws(ProtobufError) -> [UInt64] {
    var reader = self
    var numbers: [UInt64] = []
    while reader.position < reader.end { numbers.append(try reader.number()) }
    return numbers
  }

  private mutating func number() throws(ProtobufError) -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else {
        throw ProtobufError(description: "a number ends early at byte \(position)")
      }
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return result }
    }
    throw ProtobufError(description: "a number before byte \(position) is too long")
  }

  private mutating func fixed(_ count: Int) throws(ProtobufError) -> UInt64 {
    guard count <= end - position else {
      throw ProtobufError(description: "a number ends early at byte \(end)")
    }
    defer { position += count }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) }
  }
}
