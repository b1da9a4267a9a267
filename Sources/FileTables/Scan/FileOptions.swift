/// Spark's options of files, whose names are told apart without regard to case.
struct FileOptions: Sendable {
  private let values: [String: String]

  init(_ options: [String: String]) {
    values = Dictionary(options.map { ($0.key.lowercased(), $0.value) }) { $1 }
  }

  /// The option called one of `names`, the first that is given.
  func text(_ names: String...) -> String? {
    names.lazy.compactMap { values[$0.lowercased()] }.first
  }

  func boolean(_ name: String, default standard: Bool) throws(FileTableError) -> Bool {
    guard let text = text(name) else { return standard }
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    default:
      throw FileTableError(.invalidOption, "the option \(name) is '\(text)', not true or false")
    }
  }

  /// A number of bytes, such as `134217728`, `128m` or `4MB`.
  func bytes(_ name: String, default standard: Int64) throws(FileTableError) -> Int64 {
    guard let text = text(name) else { return standard }
    let units: [String: Int64] = [
      "": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30,
      "gb": 1 << 30, "t": 1 << 40, "tb": 1 << 40,
    ]
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count).lowercased()
    if let number = Int64(digits), number > 0, let factor = units[unit] {
      let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
      if !overflow { return bytes }
    }
    throw FileTableError(
      .invalidOption, "the option \(name) is '\(text)', not a number of bytes such as 128m")
  }

  /// One character of ASCII, or none where the text is empty.
  func character(_ names: String..., default standard: UInt8?) throws(FileTableError) -> UInt8? {
    guard let found = names.first(where: { values[$0.lowercased()] != nil }),
      let text = values[found.lowercased()]
    else { return standard }
    if text.isEmpty { return nil }
    let bytes = Array(Self.unescaped(text).utf8)
    guard bytes.count == 1, bytes[0] < 0x80 else {
      throw FileTableError(
        .invalidOption,
        "the option \(found) is '\(text)'; only one character of ASCII is possible here, "
          + "--engine spark takes others")
    }
    return bytes[0]
  }

  private static func unescaped(_ text: String) -> String {
    switch text {
    case "\\t": "\t"
    case "\\r": "\r"
    case "\\n": "\n"
    case "\\\\": "\\"
    case "\\0", "\\u0000": "\0"
    default: text
    }
  }

  /// Refuses what Spark does with these options and this engine does not.
  func refuse(_ names: [String], of format: String) throws(FileTableError) {
    for name in names where values[name.lowercased()] != nil {
      throw FileTableError(
        .unsupported,
        "the option \(name) of \(format) is not one of this engine's; use Spark (--engine spark)")
    }
  }

  /// The zone in which times without one are meant.
  func zone() throws(FileTableError) -> ZoneRules {
    guard let name = text("timeZone") else { return ZoneRules.current }
    return try ZoneRules.named(name)
  }
}
