/// A JSON value; objects keep the order of their members.
public enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A whole number beyond `Int64`.
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  /// Reads the whole of `bytes` as one value; a byte order mark may stand before it.
  public init(
    parsing bytes: UnsafeRawBufferPointer, rules: JSONRules
  ) throws(JSONError) {
    var scanner = JSONScanner<JSONError>(bytes, rules: rules)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { scanner.position = 3 }
    self = try scanner.value()
    try scanner.end()
  }

  /// Reads the whole of `bytes` as one value; a byte order mark may stand before it.
  public init(parsing bytes: [UInt8], rules: JSONRules) throws(JSONError) {
    self = try bytes.withUnsafeBufferPointer { (bytes) throws(JSONError) -> JSONValue in
      try JSONValue(parsing: UnsafeRawBufferPointer(bytes), rules: rules)
    }
  }

  /// The member called `name` of an object, the last one if there are several.
  public subscript(name: String) -> JSONValue? { members?.last { $0.0 == name }?.1 }

  public var boolean: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var elements: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  public var members: [(String, JSONValue)]? {
    if case .object(let value) = self { value } else { nil }
  }
  /// The members of an object by their names, the last one of each.
  public var entries: [String: JSONValue]? {
    members.map { Dictionary($0, uniquingKeysWith: { $1 }) }
  }

  /// The number, however it is written.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The number, if it is whole and fits, however it is written.
  public var wholeNumber: Int? {
    switch self {
    case .integer(let value): Int(exactly: value)
    case .unsigned(let value): Int(exactly: value)
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The object with a further member, if there is a value for it.
  public func with(_ name: String, _ value: JSONValue?) -> JSONValue {
    guard let value, let members else { return self }
    return .object(members + [(name, value)])
  }

  /// The value as JSON text.
  ///
  /// - Parameter isSpaced: whether a space follows each comma and colon, for people.
  public func encoded(isSpaced: Bool = false) -> [UInt8] {
    var writer = JSONWriter(isSpaced: isSpaced)
    writer.write(self)
    return writer.bytes
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral members: (String, JSONValue)...) { self = .object(members) }
}

extension JSONValue: Equatable {
  /// Numbers are equal by their size, objects whatever the order of their members is.
  public static func == (a: JSONValue, b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.unsigned(let a), .unsigned(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object, .object): a.entries == b.entries
    default: a.double != nil && a.double == b.double
    }
  }
}
