/// Writes FlatBuffers messages: just what Arrow metadata needs.
///
/// FlatBuffers grow from the end to the front. The bytes are kept in reverse order, so that growing
/// is appending; positions count from the end of the finished message.
struct FlatbufferBuilder {
  private var reversed: [UInt8] = []

  /// A finished object, by its distance from the end of the message.
  struct Reference { fileprivate let position: Int }

  /// A field of a table to be written.
  enum Value {
    case byte(UInt8)
    case short(Int16)
    case integer(Int32)
    case long(Int64)
    case reference(Reference)

    fileprivate var size: Int {
      switch self {
      case .byte: 1
      case .short: 2
      case .integer, .reference: 4
      case .long: 8
      }
    }
  }

  private mutating func align(_ size: Int, before following: Int = 0) {
    while (reversed.count + following) % size != 0 { reversed.append(0) }
  }

  private mutating func push<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { reversed.append(contentsOf: $0.reversed()) }
  }

  private mutating func push(_ reference: Reference) {
    align(4)
    push(UInt32(reversed.count + 4 - reference.position))
  }

  /// Writes a string.
  mutating func string(_ text: String) -> Reference {
    let utf8 = Array(text.utf8)
    align(4, before: utf8.count + 1)
    reversed.append(0)
    reversed.append(contentsOf: utf8.reversed())
    push(UInt32(utf8.count))
    return Reference(position: reversed.count)
  }

  /// Writes a vector of references.
  mutating func vector(_ references: [Reference]) -> Reference {
    align(4, before: references.count * 4)
    for reference in references.reversed() { push(reference) }
    push(UInt32(references.count))
    return Reference(position: reversed.count)
  }

  /// Writes a vector of structs made of `width` 64-bit numbers each.
  mutating func vector(_ numbers: [Int64], width: Int = 1) -> Reference {
    align(8, before: numbers.count * 8)
    for number in numbers.reversed() { push(number) }
    push(UInt32(numbers.count / width))
    return Reference(position: reversed.count)
  }

  /// Writes a table with the fields that are not `nil`, by field number.
  mutating func table(_ fields: [Value?]) -> Reference {
    var positions = [Int](repeating: 0, count: fields.count)
    let end = reversed.count
    // Larger fields first, so that little is lost to alignment.
    let order = fields.indices.sorted { (fields[$0]?.size ?? 0) > (fields[$1]?.size ?? 0) }
    for field in order {
      guard let value = fields[field] else { continue }
      align(value.size)
      switch value {
      case .byte(let number): push(number)
      case .short(let number): push(number)
      case .integer(let number): push(number)
      case .long(let number): push(number)
      case .reference(let reference): push(reference)
      }
      positions[field] = reversed.count
    }
    align(4)
    push(Int32(0))
    let table = reversed.count
    let used = positions.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    for position in positions[..<used].reversed() {
      push(UInt16(position == 0 ? 0 : table - position))
    }
    push(UInt16(table - end))
    push(UInt16(4 + used * 2))
    let distance = Int32(reversed.count - table)
    withUnsafeBytes(of: distance.littleEndian) { bytes in
      for (index, byte) in bytes.enumerated() { reversed[table - 1 - index] = byte }
    }
    return Reference(position: table)
  }

  /// The finished message with `root` as its root table; its length is a multiple of eight.
  mutating func finish(_ root: Reference) -> [UInt8] {
    align(8, before: 4)
    push(root)
    return reversed.reversed()
  }
}
