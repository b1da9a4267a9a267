extension StringProtocol {
  /// The text with its `%XX` replaced by the bytes they stand for; malformed ones stay.
  var removingPercentEncoding: String {
    let bytes = Array(utf8)
    guard bytes.contains(UInt8(ascii: "%")) else { return String(self) }
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
      {
        result.append(value)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
