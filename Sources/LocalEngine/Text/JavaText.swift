/// Numbers as Java, and so Spark, writes them.
enum JavaText {
  /// `1.0`, `1.0E10`, `1.0E-5`, `NaN`, `Infinity`.
  static func text(_ number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    return (number.sign == .minus ? "-" : "") + shortest("\(number.magnitude)")
  }

  static func text(_ number: Float) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    return (number.sign == .minus ? "-" : "") + shortest("\(number.magnitude)")
  }

  /// The shortest digits, which Swift finds, in Java's form.
  private static func shortest(_ text: String) -> String {
    let parts = text.split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    let fraction = mantissa.count > 1 ? mantissa[1] : ""
    var digits = Array((String(mantissa[0]) + fraction).utf8)
    // How many digits stand in front of the point.
    var point = mantissa[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    while digits.count > 1, digits[0] == UInt8(ascii: "0") {
      digits.removeFirst()
      point -= 1
    }
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    if digits == [UInt8(ascii: "0")] { return "0.0" }
    func written(_ digits: some Sequence<UInt8>) -> String {
      let text = String(decoding: Array(digits), as: UTF8.self)
      return text.isEmpty ? "0" : text
    }
    let zeros = { (count: Int) in [UInt8](repeating: UInt8(ascii: "0"), count: max(count, 0)) }
    switch point {
    case 1...7:
      let padded = digits + zeros(point - digits.count)
      return written(padded[..<point]) + "." + written(padded[point...])
    case -2...0: return "0." + written(zeros(-point) + digits)
    default:
      return written(digits[..<1]) + "." + written(digits[1...]) + "E\(point - 1)"
    }
  }
}
