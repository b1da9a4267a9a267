/// Names and values of partitions in the names of folders, as Hive escapes them.
enum PathEscapes {
  /// The value that stands for null.
  static let null = "__HIVE_DEFAULT_PARTITION__"

  /// `%3A` is a colon; what is no escape stands for itself.
  static func unescaped(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    let bytes = Array(text.utf8)
    var result = String.UnicodeScalarView()
    var plain: [UInt8] = []
    var index = 0
    func digit(_ at: Int) -> UInt32? {
      guard at < bytes.count, bytes[at] < 0x80 else { return nil }
      return Character(Unicode.Scalar(bytes[at])).hexDigitValue.map(UInt32.init)
    }
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), let high = digit(index + 1), let low = digit(index + 2),
        // Java's characters: each escape is one of them, not a byte of UTF-8.
        let scalar = Unicode.Scalar(high << 4 | low)
      {
        result.append(contentsOf: String(decoding: plain, as: UTF8.self).unicodeScalars)
        plain = []
        result.append(scalar)
        index += 3
      } else {
        plain.append(bytes[index])
        index += 1
      }
    }
    result.append(contentsOf: String(decoding: plain, as: UTF8.self).unicodeScalars)
    return String(result)
  }
}
