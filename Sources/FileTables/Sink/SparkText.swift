package import ArrowIPC
import Glibc

/// Values as Spark writes them into CSV and JSON.
package enum SparkText {
  /// As Java's `Double.toString` and `Float.toString`: at least one digit behind the point, and an
  /// exponent from 1.0E7 on and below 0.001.
  package static func number<Number: BinaryFloatingPoint & CustomStringConvertible>(
    _ value: Number
  ) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    let sign = value.sign == .minus ? "-" : ""
    if value == 0 { return sign + "0.0" }
    let (digits, exponent) = shortest(value.magnitude)
    if exponent >= -3, exponent < 7 {
      if exponent < 0 {
        return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits
      }
      let padded = digits + String(repeating: "0", count: max(0, exponent + 2 - digits.count))
      return sign + padded.prefix(exponent + 1) + "." + padded.dropFirst(exponent + 1)
    }
    let fraction = digits.dropFirst()
    return sign + digits.prefix(1) + "." + (fraction.isEmpty ? "0" : fraction) + "E\(exponent)"
  }

  /// The fewest digits that tell a number from its neighbours, and the exponent of the first.
  private static func shortest<Number: BinaryFloatingPoint & CustomStringConvertible>(
    _ value: Number
  ) -> (digits: String, exponent: Int) {
    var text = value.description[...]
    var exponent = 0
    if let mark = text.firstIndex(of: "e") {
      exponent = Int(text[text.index(after: mark)...]) ?? 0
      text = text[..<mark]
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let whole = parts[0]
    let fraction = parts.count > 1 ? parts[1] : ""
    let all = whole + fraction
    let leading = all.prefix { $0 == "0" }.count
    exponent += whole.count - 1 - leading
    var digits = String(all.dropFirst(leading))
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    // Java takes the nearer one of two digits where one would do.
    if digits.count == 1, value < Number.leastNormalMagnitude {
      var buffer = [CChar](repeating: 0, count: 32)
      _ = withVaList([Double(value)]) { vsnprintf(&buffer, buffer.count, "%.1e", $0) }
      let nearer = String(
        decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if let mark = nearer.firstIndex(of: "e") {
        let pair = nearer[..<mark].filter { $0 != "." }
        exponent = Int(nearer[nearer.index(after: mark)...]) ?? exponent
        digits = pair.hasSuffix("0") ? String(pair.dropLast()) : pair
      }
    }
    return (digits, exponent)
  }

  /// A value that is no string, list, map or struct; `nil` for null.
  package static func plain(_ column: ArrowColumn, _ row: Int, zone: ZoneRules) -> String? {
    switch (column.type, column.value(at: row)) {
    case (_, .null): nil
    case (.float32, .float(let value)): number(Float(value))
    case (_, .float(let value)): number(value)
    case (.date32, .int(let days)): SparkTimes.text(date: Int(days))
    case (.timestamp(_, let name), .int(let micros)):
      SparkTimes.text(timestamp: micros, zone: name == nil ? nil : zone)
    case (_, .bool(let value)): value ? "true" : "false"
    case (_, .int(let value)): String(value)
    case (_, .uint(let value)): String(value)
    case (_, .decimal(let value)): value.description
    case (_, .string(let text)): text
    default: nil
    }
  }

  package static func base64(_ bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for index in 0..<4 {
        text.append(
          index <= group.count ? letters[word >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
