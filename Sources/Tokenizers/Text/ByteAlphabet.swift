/// GPT-2's printable stand-ins for the 256 bytes.
///
/// Printable Latin-1 characters stand for themselves, the other bytes in order for U+0100 on.
enum ByteAlphabet {
  /// The stand-in of each byte.
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return UInt32(byte)
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// The stand-in of a space.
  static let space: UInt32 = 0x120

  /// The byte for which a scalar stands.
  static let bytes: [UInt32: UInt8] = Dictionary(
    uniqueKeysWithValues: scalars.enumerated().map { ($1, UInt8($0)) })

  /// The UTF-8 of each stand-in: one byte or two.
  static let encoded: [(UInt8, UInt8)] = scalars.map { scalar in
    scalar < 0x80
      ? (UInt8(scalar), 0) : (UInt8(0xC0 | scalar >> 6), UInt8(0x80 | scalar & 0x3F))
  }

  /// Writes each byte as its stand-in.
  static func apply(_ text: inout AlignedText, spare: inout AlignedText) {
    text.rewrite(&spare) { source, rewriter, target in
      for byte in source {
        // A continuation byte is an insertion behind the scalar's first byte.
        rewriter.emit(scalars[Int(byte)], change: byte & 0xC0 == 0x80 ? 1 : 0, to: &target)
      }
    }
  }
}
