/// What kind of file bytes are, by their first few.
enum ImageFormat {
  case jpeg
  case png
  /// Another known kind, by name.
  case other(String)
  case unknown

  init(_ bytes: UnsafeRawBufferPointer) {
    func begins(_ signature: [UInt8], at offset: Int = 0) -> Bool {
      bytes.count >= offset + signature.count
        && bytes[offset..<offset + signature.count].elementsEqual(signature)
    }
    func begins(_ text: StaticString, at offset: Int = 0) -> Bool {
      text.withUTF8Buffer { begins(Array($0), at: offset) }
    }
    if begins([0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if begins("GIF8") {
      self = .other("GIF")
    } else if begins("RIFF"), begins("WEBP", at: 8) {
      self = .other("WebP")
    } else if begins("ftyp", at: 4) {
      self = .other(begins("avi", at: 8) ? "AVIF" : "HEIF, or a video")
    } else if let other = Self.others.first(where: { begins($0.beginning) }) {
      self = .other(other.name)
    } else {
      self = .unknown
    }
  }

  private static let others: [(beginning: [UInt8], name: String)] = [
    ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50], "JPEG 2000"), ([0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000"),
    ([0xFF, 0x0A], "JPEG XL"), ([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C], "JPEG XL"),
    ([0x49, 0x49, 0x2A, 0x00], "TIFF"), ([0x4D, 0x4D, 0x00, 0x2A], "TIFF"),
    ([0x8A, 0x4D, 0x4E, 0x47], "MNG"), ([0x00, 0x00, 0x01, 0x00], "a Windows icon"),
    (Array("%PDF".utf8), "PDF"), (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
    ([0x1F, 0x8B], "gzip"), (Array("<svg".utf8), "SVG or XML"), (Array("<?xml".utf8), "SVG or XML"),
    (Array("<!DOCTYPE".utf8), "HTML"), (Array("<html".utf8), "HTML"), (Array("BM".utf8), "BMP"),
  ]
}
