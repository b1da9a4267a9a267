import ArrowIPC
import FoundationEssentials
import SparkTypes

/// Decodes Swift values from the values of a row.
struct RowDecoder: Decoder {
  let value: ArrowValue
  /// The type in whose form the value is.
  let type: DataType
  private let declared: DataType
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ value: ArrowValue, _ type: DataType, path: [any CodingKey]) {
    self.value = value
    self.type = type.storedType
    declared = type
    codingPath = path
  }

  func mismatch<Value>(_ expected: Value.Type) -> DecodingError {
    let path = codingPath.map(\.stringValue).joined(separator: ".")
    return DecodingError.typeMismatch(
      expected,
      .init(
        codingPath: codingPath,
        debugDescription: "column '\(path)' holds \(value) of type \(declared.ddl), not \(expected)"
      ))
  }

  /// Dates, lengths of time, bytes and decimals have forms of their own; everything else decodes itself.
  func decode<Value: Decodable>(_ expected: Value.Type) throws -> Value {
    let own: Any?
    switch expected {
    case is Date.Type: own = date
    case is Duration.Type: own = duration
    case is Decimal.Type: own = decimal
    case is Data.Type: if case .binary(let bytes) = value { own = Data(bytes) } else { own = nil }
    default: return try Value(from: self)
    }
    if let found = own as? Value { return found }
    // Another coder's form of these means nothing here.
    if expected is Decimal.Type || expected is Duration.Type { throw mismatch(expected) }
    return try Value(from: self)
  }

  private var date: Date? {
    guard case .int(let number) = value else { return nil }
    switch type {
    case .date: return Date(timeIntervalSince1970: Double(number) * 86_400)
    case .timestamp, .timestampNTZ: return Date(timeIntervalSince1970: Double(number) / 1e6)
    case .timestampNanos, .timestampNTZNanos:
      return Date(timeIntervalSince1970: Double(number) / 1e9)
    default: return nil
    }
  }

  /// Times of day, since midnight, and intervals of days and seconds.
  private var duration: Duration? {
    guard case .int(let number) = value else { return nil }
    switch type {
    case .time: return .nanoseconds(number)
    case .dayTimeInterval: return .microseconds(number)
    default: return nil
    }
  }

  /// Numbers without a binary fraction, of which a `Decimal` holds 38 digits exactly.
  private var decimal: Decimal? {
    guard type.isNumeric else { return nil }
    switch value {
    case .decimal(let number):
      return Decimal(string: number.description)
    case .int(let number): return Decimal(number)
    default: return nil
    }
  }

  func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let entries: [(name: String, value: ArrowValue, type: DataType)]
    switch (value, type) {
    case (.structure(let values), .struct(let fields)):
      entries = zip(fields, values).map { ($0.name, $1, $0.type) }
    case (.map(let pairs), .map(_, let valueType, _)):
      entries = try pairs.map { pair in
        switch pair.key {
        case .string(let key): (key, pair.value, valueType)
        // A dictionary of `Int` asks for its keys as text and number.
        case .int(let key): ("\(key)", pair.value, valueType)
        default: throw mismatch([String: Any].self)
        }
      }
    default: throw mismatch([String: Any].self)
    }
    return KeyedDecodingContainer(
      KeyedRowContainer<Key>(entries: entries, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    switch (value, type) {
    case (.list(let values), .array(let element, _)):
      return UnkeyedRowContainer(
        values: values, types: Array(repeating: element, count: values.count),
        codingPath: codingPath)
    case (.structure(let values), .struct(let fields)):
      return UnkeyedRowContainer(values: values, types: fields.map(\.type), codingPath: codingPath)
    case (.map(let entries), .map(let key, let value, _)):
      // Dictionaries of other keys are lists of keys and values in turn.
      return UnkeyedRowContainer(
        values: entries.flatMap { [$0.key, $0.value] },
        types: entries.flatMap { _ in [key, value] }, codingPath: codingPath)
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
    case .decimal(let value):
      // Without a fraction, or with one of zeros.
      let parts = value.description.split(separator: ".")
      if parts.count < 2 || parts[1].allSatisfy({ $0 == "0" }), let result = Value(parts[0]) {
        return result
      }
    default: break
    }
    throw decoder.mismatch(type)
  }

  private func number<Value: BinaryFloatingPoint>(_ type: Value.Type) throws -> Value {
    switch decoder.value {
    case .float(let value):
      let result = Value(value)
      if result.isInfinite == value.isInfinite { return result }
    case .int(let value): if let result = Value(exactly: value) { return result }
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
  /// Where the entries are, for maps of many; the first of several with a name counts.
  private let positions: [String: Int]
  var allKeys: [Key] { entries.compactMap { Key(stringValue: $0.name) } }

  init(
    entries: [(name: String, value: ArrowValue, type: DataType)], codingPath: [any CodingKey]
  ) {
    self.entries = entries
    self.codingPath = codingPath
    positions =
      entries.count > 16
      ? Dictionary(entries.indices.map { (entries[$0].name, $0) }) { first, _ in first } : [:]
  }

  private func position(_ name: String) -> Int? {
    positions.isEmpty ? entries.firstIndex { $0.name == name } : positions[name]
  }

  private func decoder(_ key: Key) throws -> RowDecoder {
    guard let entry = position(key.stringValue).map({ entries[$0] }) else {
      throw DecodingError.keyNotFound(
        key,
        .init(
          codingPath: codingPath,
          debugDescription: "there is no column '\(key.stringValue)'; the row has "
            + entries.map(\.name).joined(separator: ", ")))
    }
    return RowDecoder(entry.value, entry.type, path: codingPath + [RowKey(entry.name)])
  }

  func contains(_ key: Key) -> Bool { position(key.stringValue) != nil }
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
