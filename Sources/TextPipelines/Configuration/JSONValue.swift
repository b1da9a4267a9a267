/// A JSON value of any kind, for configuration entries whose kind differs between versions.
enum JSONValue: Decodable, Sendable, Hashable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  var boolean: Bool? { if case .bool(let value) = self { value } else { nil } }
  var double: Double? { if case .number(let value) = self { value } else { nil } }
  var text: String? { if case .string(let value) = self { value } else { nil } }
  var list: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  var entries: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }
  /// The number, if it is whole and fits.
  var integer: Int? { double.flatMap { Int(exactly: $0) } }
  /// One whole number or several.
  var integers: [Int]? {
    if let integer { return [integer] }
    guard let list else { return nil }
    let numbers = list.compactMap(\.integer)
    return numbers.count == list.count ? numbers : nil
  }
  /// Whole numbers in a list.
  var integerList: [Int]? { list == nil ? nil : integers }
}

extension JSONValue {
  /// The value as JSON, entries in the order of their names.
  var json: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value): Int(exactly: value).map(String.init) ?? "\(value)"
    case .string(let value): Self.quoted(value)
    case .array(let values): "[" + values.map(\.json).joined(separator: ", ") + "]"
    case .object(let entries):
      "{"
        + entries.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)): \($0.value.json)" }
        .joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
