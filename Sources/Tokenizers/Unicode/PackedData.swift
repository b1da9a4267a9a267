/// Reads the base64 of the generated tables.
struct PackedData {
  private let bytes: [UInt8]
  private var index = 0

  /// How many bytes have been read.
  var offset: Int { index }

  init(_ base64: StaticString) {
    bytes = base64.withUTF8Buffer { Base64.decode($0) ?? [] }
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

/// Base64 as in RFC 4648.
enum Base64 {
  /// The bytes of a text; nil when it is not base64.
  static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var output: [UInt8] = []
    var accumulator: UInt32 = 0
    var bits = 0
    var padding = 0
    for byte in text {
      let value: UInt32
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte) - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte) - 71
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte) + 4
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="):
        padding += 1
        continue
      case 0x0A, 0x0D: continue
      default: return nil
      }
      guard padding == 0 else { return nil }
      accumulator = accumulator << 6 | value
      bits += 6
      if bits >= 8 {
        bits -= 8
        output.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
      }
    }
    return padding <= 2 && bits < 6 ? output : nil
  }
}
