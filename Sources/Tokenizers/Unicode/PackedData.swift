import FoundationEssentials

/// Reads the base64 of the generated tables.
struct PackedData {
  private let bytes: [UInt8]
  private var index = 0

  /// How many bytes have been read.
  var offset: Int { index }

  init(_ base64: StaticString) {
    bytes = base64.withUTF8Buffer { [UInt8](Data(base64Encoded: Data($0)) ?? Data()) }
  }

  var isAtEnd: Bool { index >= bytes.count }

  func position(_ index: Int) -> UInt8 { bytes[index] }

  mutating func byte() -> UInt8 {
    guard index < bytes.count else { return 0 }
    defer { index += 1 }
    return bytes[index]
  }

  mutating func varint() -> Int {
    var result = 0
    var shift = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      result |= Int(byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 { break }
    }
    return result
  }
}
