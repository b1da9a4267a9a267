import Glibc

extension Double {
  /// The number with so many digits behind its point, rounded to the nearest: `2.50` for two digits of
  /// 2.5.
  package func fixed(_ digits: Int) -> String {
    // The longest number has 309 digits before its point.
    var buffer = [CChar](repeating: 0, count: 330 + digits)
    let count = withVaList([Int32(digits), self]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
    return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
