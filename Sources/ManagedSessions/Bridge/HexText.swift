import NIOCore

/// The form in which bytes travel through the bridge: two hexadecimal digits for each, in messages of text.
enum HexText {
  private static let digits = Array("0123456789abcdef".utf8)

  /// The digits of `bytes`.
  static func encoded(_ bytes: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer {
    var text = allocator.buffer(capacity: 2 * bytes.readableBytes)
    let count = 2 * bytes.readableBytes
    text.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { text in
      digits.withUnsafeBufferPointer { digits in
        bytes.withUnsafeReadableBytes { bytes in
          for (index, byte) in bytes.enumerated() {
            text[2 * index] = digits[Int(byte >> 4)]
            text[2 * index + 1] = digits[Int(byte & 15)]
          }
        }
      }
      return count
    }
    return text
  }
}

/// Takes the digits of a message, which may come in several pieces.
struct HexReader {
  /// The first digit of a byte whose second one has not come.
  private var half: UInt8?

  /// The bytes that the digits stand for; `nil` if there is something else than digits.
  mutating func bytes(_ text: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer? {
    var bytes = allocator.buffer(capacity: text.readableBytes / 2 + 1)
    var half = self.half
    var isGood = true
    text.withUnsafeReadableBytes { text in
      _ = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: text.count / 2 + 1) { bytes in
        var count = 0
        for character in text {
          let digit = Self.values[Int(character)]
          if digit > 15 { isGood = false }
          if let first = half {
            bytes[count] = first << 4 | (digit & 15)
            count += 1
            half = nil
          } else {
            half = digit
          }
        }
        return count
      }
    }
    guard isGood else { return nil }
    self.half = half
    return bytes
  }

  /// Ends a message; `false` if a byte was begun in it.
  mutating func end() -> Bool {
    defer { half = nil }
    return half == nil
  }

  /// What a character stands for; 255 for no digit.
  private static let values: [UInt8] = (0...255).map { character -> UInt8 in
    switch UInt8(character) {
    case let digit where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit): digit - 48
    case let digit where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(digit): digit - 87
    case let digit where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit): digit - 55
    default: 255
    }
  }
}
