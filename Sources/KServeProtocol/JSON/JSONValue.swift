/// A JSON value; objects keep the order of their members.
package enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A whole number beyond `Int64`.
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  /// Reads the whole of `bytes` as one value.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` and the position.
  package init(parsing bytes: UnsafeRawBufferPointer) throws(KServeError) {
    var reader = JSONReader(bytes)
    self = try reader.value()
    try reader.end()
  }

  /// Reads the whole of `bytes` as one value.
  package init(parsing bytes: [UInt8]) throws(KServeError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(KServeError) in try Self(parsing: bytes) }
    }
    self = try result.get()
  }

  /// The member called `name` of an object, the last one if there are several.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.0 == name }?.1
  }

  package var boolean: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var elements: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var members: [(String, JSONValue)]? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The number, if it is whole and fits; also one in a string, as protobuf's JSON has it.
  package func integer<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) -> Integer?
  {
    switch self {
    case .integer(let value): Integer(exactly: value)
    case .unsigned(let value): Integer(exactly: value)
    case .number(let value): Integer(exactly: value)
    case .string(let value): Integer(value)
    default: nil
    }
  }

  /// The value as compact JSON text.
  package func encoded() -> [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    return writer.bytes
  }
}
