import ArrowIPC

/// Numbers as Java's classes read them from text, which is how Spark does.
package enum JavaNumbers {
  /// `Integer.parseInt` and its like: an optional sign and digits, nothing else.
  package static func integer<Number: FixedWidthInteger>(
    _ text: some StringProtocol, as: Number.Type
  ) -> Number? {
    let digits =
      text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
      ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy(SparkTimes.isDigit) else { return nil }
    return Number(text)
  }

  /// `Double.parseDouble`: outer blanks, `NaN`, `Infinity` and a last `d` or `f` are taken.
  package static func double(_ text: some StringProtocol) -> Double? {
    var bytes = Array(text.utf8)[...]
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    guard let last = bytes.last else { return nil }
    let isSigned = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+")
    let isNegative = bytes.first == UInt8(ascii: "-")
    let magnitude = isSigned ? bytes.dropFirst() : bytes
    if magnitude.elementsEqual("NaN".utf8) { return .nan }
    if magnitude.elementsEqual("Infinity".utf8) { return isNegative ? -.infinity : .infinity }
    guard let first = magnitude.first, SparkTimes.isDigit(first) || first == UInt8(ascii: ".")
    else { return nil }
    let isHexadecimal = magnitude.dropFirst().first.map { $0 | 0x20 == UInt8(ascii: "x") } ?? false
    // Hexadecimal numbers need an exponent there.
    if isHexadecimal, !magnitude.contains(where: { $0 | 0x20 == UInt8(ascii: "p") }) { return nil }
    if "dDfF".utf8.contains(last) { bytes.removeLast() }
    var number = String(decoding: bytes, as: UTF8.self)
    // Swift wants digits on both sides of a point.
    if !isHexadecimal {
      guard
        bytes.allSatisfy({ SparkTimes.isDigit($0) || "+-.eE".utf8.contains($0) }),
        magnitude.contains(where: SparkTimes.isDigit)
      else { return nil }
      if let point = number.firstIndex(of: ".") {
        let next = number.index(after: point)
        if next == number.endIndex || !(number[next].isASCII && number[next].isNumber) {
          number.insert("0", at: next)
        }
        if point == number.startIndex || !number[number.index(before: point)].isNumber {
          number.insert("0", at: point)
        }
      }
    }
    return Double(number)
  }

  /// A `BigDecimal`: its digits, and how many of them stand behind the point.
  struct Decimal: Equatable {
    var isNegative: Bool
    /// Without zeros at the beginning; `0` for zero.
    var digits: String
    var scale: Int

    var precision: Int { digits.utf8.count }

    /// The number with `scale` digits behind the point, rounded half up; `nil` if it takes more than
    /// `precision` digits.
    func rescaled(precision: Int, scale wanted: Int) -> ArrowDecimal? {
      var digits = Array(digits.utf8)
      if wanted >= scale {
        guard wanted - scale <= 76 || digits == [UInt8(ascii: "0")] else { return nil }
        digits += Array(repeating: UInt8(ascii: "0"), count: min(wanted - scale, 76))
      } else {
        let dropped = scale - wanted
        let isUp = dropped <= digits.count && digits[digits.count - dropped] >= UInt8(ascii: "5")
        digits = Array(digits.dropLast(dropped))
        if isUp {
          var index = digits.count - 1
          while index >= 0, digits[index] == UInt8(ascii: "9") {
            digits[index] = UInt8(ascii: "0")
            index -= 1
          }
          if index >= 0 { digits[index] += 1 } else { digits.insert(UInt8(ascii: "1"), at: 0) }
        }
      }
      let kept = digits.drop { $0 == UInt8(ascii: "0") }
      guard kept.count <= precision else { return nil }
      let text =
        (isNegative ? "-" : "") + (kept.isEmpty ? "0" : String(decoding: kept, as: UTF8.self))
      guard let whole = ArrowDecimal(text, byteWidth: 16, scale: 0) else { return nil }
      return ArrowDecimal(bytes: whole.bytes, scale: wanted)
    }
  }

  /// `new BigDecimal(text)`: digits with a point and an exponent, and nothing else.
  static func decimal(_ text: some StringProtocol) -> Decimal? {
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    var digits: [UInt8] = []
    var scale = 0
    var hasPoint = false
    while let byte = rest.first {
      if SparkTimes.isDigit(byte) {
        digits.append(byte)
        if hasPoint { scale += 1 }
      } else if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else {
        break
      }
      rest.removeFirst()
    }
    if digits.isEmpty { return nil }
    if let byte = rest.first {
      guard byte | 0x20 == UInt8(ascii: "e"),
        let exponent = integer(String(decoding: rest.dropFirst(), as: UTF8.self), as: Int32.self)
      else { return nil }
      scale -= Int(exponent)
    }
    let kept = digits.drop { $0 == UInt8(ascii: "0") }
    return Decimal(
      isNegative: isNegative, digits: kept.isEmpty ? "0" : String(decoding: kept, as: UTF8.self),
      scale: scale)
  }
}

extension JavaNumbers {
  /// `Float.parseFloat`: rounded once from the text, not by way of a double.
  package static func float(_ text: some StringProtocol) -> Float? {
    guard let double = double(text) else { return nil }
    if double.isNaN || double.isInfinite { return Float(double) }
    var digits = text.trimmingBlanks
    if let last = digits.last, "dDfF".contains(last), !digits.lowercased().contains("x") {
      digits.removeLast()
    }
    return Float(digits) ?? Float(double)
  }
}

extension StringProtocol {
  /// Without what Java's `trim` takes off.
  var trimmingBlanks: String {
    let bytes = Array(utf8)
    guard let start = bytes.firstIndex(where: { $0 > 0x20 }),
      let end = bytes.lastIndex(where: { $0 > 0x20 })
    else { return "" }
    return String(decoding: bytes[start...end], as: UTF8.self)
  }
}
