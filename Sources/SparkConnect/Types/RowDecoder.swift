import ArrowIPC
import Foundation
import SparkTypes

/// A name or position within a row.
struct RowKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(_ name: String) {
    stringValue = name
    intValue = nil
  }

  init(_ index: Int) {
    stringValue = "\(index)"
    intValue = index
  }

  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { self.init(intValue) }
}

/// Decodes Swift values from the values of a row.
struct RowDecoder: Decoder {
  let value: ArrowValue
  let type: DataType
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ value: ArrowValue, _ type: DataType, path: [any CodingKey]) {
    self.value = value
    self.type = type
    codingPath = path
  }

  func mismatch<Value>(_ expected: Value.Type) -> DecodingError {
    let path = codingPath.map(\.stringValue).joined(separator: ".")
    return DecodingError.typeMismatch(
      expected,
      .init(
        codingPath: codingPath,
        debugDescription: "column '\(path)' holds \(value) of type \(type.ddl), not \(expected)"))
  }

  /// Dates and bytes have forms of their own; everything else decodes itself.
  func decode<Value: Decodable>(_ expected: Value.Type) throws -> Value {
    if expected == Date.self, let date = date as? Value { return date }
    if expected == Data.self, case .binary(let bytes) = value, let data = Data(bytes) as? Value {
      return data
    }
    return try Value(from: self)
  }

  private var date: Date? {
    guard case .int(let number) = value else { return nil }
    switch type {
    case .date: return Date(timeIntervalSince1970: Double(number) * 86_400)
    case .timestamp, .timestampNTZ: return Date(timeIntervalSince1970: Double(number) / 1e6)
    default: return nil
    }
  }

  func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
    switch (value, type) {
    case (.structure(let values), .struct(let fields)):
      return KeyedDecodingContainer(
        KeyedRowContainer<Key>(
          entries: zip(fields, values).map { ($0.name, $1, $0.type) }, codingPath: codingPath))
    case (.map(let entries), .map(_, let valueType, _)):
      return KeyedDecodingContainer(
        KeyedRowContainer<Key>(
          entries: try entries.map { entry in
            guard case .string(let key) = entry.key else { throw mismatch([String: Any].self) }
            return (key, entry.value, valueType)
          }, codingPath: codingPath))
    default: throw mismatch([String: Any].self)
    }
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    switch (value, type) {
    case (.list(let values), .array(let element, _)):
      return UnkeyedRowContainer(
        values: values, types: Array(repeating: element, count: values.count),
        codingPath: codingPath)
    case (.structure(let values), .struct(let fields)):
      return UnkeyedRowContainer(values: values, types: fields.map(\.type), codingPath: codingPath)
    case (.binary(let bytes), _):
      return UnkeyedRowContainer(
        values: bytes.map { .int(Int64($0)) },
        types: Array(repeating: .short, count: bytes.count), codingPath: codingPath)
    default: throw mismatch([Any].self)
    }
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    SingleRowContainer(decoder: self)
  }
}

private struct SingleRowContainer: SingleValueDecodingContainer {
  let decoder: RowDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { decoder.value == .null }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard case .bool(let value) = decoder.value else { throw decoder.mismatch(type) }
    return value
  }

  func decode(_ type: String.Type) throws -> String {
    switch decoder.value {
    case .string(let value): return value
    case .decimal(let value): return value.description
    default: throw decoder.mismatch(type)
    }
  }

  private func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
    switch decoder.value {
    case .int(let value): if let result = Value(exactly: value) { return result }
    case .uint(let value): if let result = Value(exactly: value) { return result }
    case .decimal(let value): if let result = Value(value.description) { return result }
    default: break
    }
    throw decoder.mismatch(type)
  }

  private func number<Value: BinaryFloatingPoint>(_ type: Value.Type) throws -> Value {
    switch decoder.value {
    case .float(let value): return Value(value)
    case .int(let value): return Value(value)
    case .decimal(let value): if let result = Double(value.description) { return Value(result) }
    default: break
    }
    throw decoder.mismatch(type)
  }

  func decode(_ type: Double.Type) throws -> Double { try number(type) }
  func decode(_ type: Float.Type) throws -> Float { try number(type) }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decode(type) }
}

private struct KeyedRowContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let entries: [(name: String, value: ArrowValue, type: DataType)]
  let codingPath: [any CodingKey]
  var allKeys: [Key] { entries.compactMap { Key(stringValue: $0.name) } }

  private func decoder(_ key: Key) throws -> RowDecoder {
    guard let entry = entries.first(where: { $0.name == key.stringValue }) else {
      throw DecodingError.keyNotFound(
        key,
        .init(
          codingPath: codingPath,
          debugDescription: "there is no column '\(key.stringValue)'; the row has "
            + entries.map(\.name).joined(separator: ", ")))
    }
    return RowDecoder(entry.value, entry.type, path: codingPath + [RowKey(entry.name)])
  }

  func contains(_ key: Key) -> Bool { entries.contains { $0.name == key.stringValue } }
  func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).value == .null }
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try decoder(key).decode(type)
  }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try decoder(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(key).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder {
    RowDecoder(.structure(entries.map(\.value)), .null, path: codingPath)
  }
  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}

private struct UnkeyedRowContainer: UnkeyedDecodingContainer {
  let values: [ArrowValue]
  let types: [DataType]
  let codingPath: [any CodingKey]
  var currentIndex = 0
  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex >= values.count }

  private mutating func next() throws -> RowDecoder {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self, .init(codingPath: codingPath, debugDescription: "the list has no more elements"))
    }
    defer { currentIndex += 1 }
    return RowDecoder(
      values[currentIndex], types[currentIndex], path: codingPath + [RowKey(currentIndex)])
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, values[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try next().decode(type)
  }
  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }
  mutating func superDecoder() throws -> any Decoder { try next() }
}
