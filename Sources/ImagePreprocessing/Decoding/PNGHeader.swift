/// What can be said of a PNG file without decoding it (W3C PNG, clauses 5 and 11).
struct PNGHeader {
  var width: Int
  var height: Int
  var bitDepth: UInt8
  var colorType: UInt8

  /// The bytes of a signature and a header chunk.
  private static let byteCount = 33

  /// - Throws: ``ImageError`` when the header is no valid one.
  init(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
    guard bytes.count >= Self.byteCount else {
      throw ImageError(
        .truncated,
        "the PNG ends within its header, after \(bytes.count) bytes; was it cut off?")
    }
    guard Self.number(bytes, at: 12) == 0x4948_4452 else {
      throw ImageError(.damaged, "the PNG does not begin with its header chunk (IHDR)")
    }
    width = Int(Self.number(bytes, at: 16))
    height = Int(Self.number(bytes, at: 20))
    bitDepth = bytes[24]
    colorType = bytes[25]
    let depths: [UInt8]
    switch colorType {
    case 0: depths = [1, 2, 4, 8, 16]
    case 3: depths = [1, 2, 4, 8]
    case 2, 4, 6: depths = [8, 16]
    default: depths = []
    }
    guard depths.contains(bitDepth) else {
      throw ImageError(
        .damaged,
        "the PNG is of colour type \(colorType) with \(bitDepth) bits, which does not exist")
    }
  }

  /// How many bytes a pixel takes as it comes from the decoder.
  var bytesPerPixel: Int {
    switch colorType {
    case 0: bitDepth == 16 ? 2 : 1
    case 3: 1
    case 4: 2
    default: 4
    }
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
    UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
