import JSONText

/// What a text without quotes stands for, by the core schema of YAML 1.2: `yes` and `on` are texts.
enum YAMLScalar {
  static func value(of text: String) -> JSONValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".nan", ".NaN", ".NAN": return .number(.nan)
    default: break
    }
    let isNegative = text.hasPrefix("-")
    let digits = text.drop { $0 == "-" || $0 == "+" }
    guard text.utf8.count - digits.utf8.count <= 1 else { return .string(text) }
    if [".inf", ".Inf", ".INF"].contains(String(digits)) {
      return .number(isNegative ? -.infinity : .infinity)
    }
    if text == digits, let whole = based(digits) { return whole }
    guard let first = digits.utf8.first, isDigit(first) || first == UInt8(ascii: ".") else {
      return .string(text)
    }
    if digits.utf8.allSatisfy(isDigit) {
      if let value = Int64(text) { return .integer(value) }
      if let value = UInt64(text) { return .unsigned(value) }
    }
    let isNumber =
      digits.utf8.contains(where: isDigit)
      && digits.utf8.allSatisfy { isDigit($0) || ".eE+-".utf8.contains($0) }
    guard isNumber, let value = Double(text) else { return .string(text) }
    return .number(value)
  }

  /// `0x1F` or `0o17`.
  private static func based(_ digits: Substring) -> JSONValue? {
    let base = digits.hasPrefix("0x") ? 16 : digits.hasPrefix("0o") ? 8 : 0
    guard base > 0, !digits.dropFirst(2).hasPrefix("+"), !digits.dropFirst(2).hasPrefix("-") else {
      return nil
    }
    return Int64(digits.dropFirst(2), radix: base).map { .integer($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
