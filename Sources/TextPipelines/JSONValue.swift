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
}
