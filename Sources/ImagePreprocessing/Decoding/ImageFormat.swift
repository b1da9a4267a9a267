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
    } else if begins([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50]) || begins([0xFF, 0x4F, 0xFF, 0x51]) {
      self = .other("JPEG 2000")
    } else if begins([0xFF, 0x0A]) || begins([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C]) {
      self = .other("JPEG XL")
    } else if begins([0x49, 0x49, 0x2A, 0x00]) || begins([0x4D, 0x4D, 0x00, 0x2A]) {
      self = .other("TIFF")
    } else if begins([0x8A, 0x4D, 0x4E, 0x47]) {
      self = .other("MNG")
    } else if begins([0x00, 0x00, 0x01, 0x00]) {
      self = .other("a Windows icon")
    } else if begins("%PDF") {
      self = .other("PDF")
    } else if begins("PK\u{3}\u{4}") {
      self = .other("a ZIP archive")
    } else if begins([0x1F, 0x8B]) {
      self = .other("gzip")
    } else if begins("<svg") || begins("<?xml") {
      self = .other("SVG or XML")
    } else if begins("<!DOCTYPE") || begins("<html") {
      self = .other("HTML")
    } else if begins("BM") {
      self = .other("BMP")
    } else {
      self = .unknown
    }
  }
}
