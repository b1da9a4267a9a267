import KServeProtocol
import Texts

/// What of an error's text may leave the process.
enum ErrorText {
  /// The greatest number of bytes of a message.
  static let limit = 2048

  /// `text` with the folders of absolute paths cut off, so that a client learns nothing of the
  /// server's files, and shortened to a reasonable length.
  static func withoutPaths(_ text: String) -> String {
    var result: [UInt8] = []
    var previous: UInt8 = 0x20
    let bytes = Array(text.utf8.prefix(limit * 2))
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "/"), !isPathByte(previous) {
        var end = index
        var lastSlash = index
        while end < bytes.count, isPathByte(bytes[end]) || bytes[end] == UInt8(ascii: "/") {
          if bytes[end] == UInt8(ascii: "/") { lastSlash = end }
          end += 1
        }
        // A lone slash, or one name behind a slash, is rather a division or a URL's path.
        index = lastSlash > index ? lastSlash + 1 : index
        result.append(contentsOf: bytes[index..<end])
        index = end
      } else {
        result.append(byte)
        index += 1
      }
      previous = result.last ?? 0x20
    }
    return String(decoding: result.prefix(limit), as: UTF8.self)
  }

  private static func isPathByte(_ byte: UInt8) -> Bool {
    byte.isLetterOrDigit || byte >= 0x80 || "._-+@~".utf8.contains(byte)
  }
}
