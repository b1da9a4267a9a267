import ArrowIPC
import Foundation
import SparkTypes

/// Finds out what a Swift value consists of; the inverse of ``RowDecoder``.
final class RowEncoder: Encoder {
  var codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }
  private var properties: [(name: String, encoder: RowEncoder)] = []
  private var elements: [RowEncoder] = []
  private var single: EncodedValue?
  private var kind = Kind.undecided

  private enum Kind { case undecided, object, list }

  init(path: [any CodingKey] = []) { codingPath = path }

  /// What `value` encodes itself as.
  static func encode(_ value: some Encodable) throws -> EncodedValue {
    let encoder = RowEncoder()
    try encoder.take(value)
    return try encoder.result()
  }

  /// Decimals without a schema become decimals of 38 digits with so many behind the point, as PySpark's.
  private static let decimalScale = 18

  /// Dates, bytes, decimals and dictionaries have forms of their own; everything else encodes itself.
  func take(_ value: some Encodable) throws {
    switch value {
    case let date as Date:
      guard let number = date.microseconds else {
        throw refusal("the date that is \(date.timeIntervalSince1970) seconds from 1970")
      }
      single = .leaf(.int(number), .timestamp)
    case let data as Data: single = .leaf(.binary(Array(data)), .binary)
    case let number as Decimal:
      if number.isNaN { throw refusal("a decimal that is not a number") }
      single = .leaf(.string("\(number)"), .decimal(precision: 38, scale: Self.decimalScale))
    case let duration as Duration:
      let (seconds, attoseconds) = duration.components
      let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
      let (micros, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
      if overflow || overflowed || attoseconds % 1_000_000_000_000 != 0 {
        throw refusal("the duration \(duration)")
      }
      single = .leaf(.int(micros), .dayTimeInterval())
    case let url as URL: single = .leaf(.string(url.absoluteString), .string)
    case let id as UUID: single = .leaf(.string(id.uuidString.lowercased()), .string)
    default:
      if let dictionary = value as? any EncodableDictionary {
        single = .map(try dictionary.encodedEntries())
      } else {
        try value.encode(to: self)
      }
    }
  }

  private func refusal(_ what: String) -> EncodingError {
    EncodingError.invalidValue(
      what, .init(codingPath: codingPath, debugDescription: "\(what) fits no column type of Spark"))
  }

  func result() throws -> EncodedValue {
    if let single { return single }
    switch kind {
    case .list: return .list(try elements.map { try $0.result() })
    case .object: return .object(try properties.map { ($0.name, try $0.encoder.result()) })
    // A value that encodes nothing, such as an empty structure.
    case .undecided: return .object([])
    }
  }

  fileprivate func property(_ key: any CodingKey) -> RowEncoder {
    let encoder = RowEncoder(path: codingPath + [key])
    properties.append((key.stringValue, encoder))
    return encoder
  }

  fileprivate func element() -> RowEncoder {
    let encoder = RowEncoder(path: codingPath + [RowKey(elements.count)])
    elements.append(encoder)
    return encoder
  }

  fileprivate var elementCount: Int { elements.count }

  fileprivate func set(_ value: EncodedValue) { single = value }

  func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
    kind = .object
    return KeyedEncodingContainer(PropertyContainer<Key>(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    kind = .list
    return ElementContainer(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { SingleContainer(encoder: self) }
}

/// A dictionary, which becomes a map whatever its keys are.
private protocol EncodableDictionary {
  func encodedEntries() throws -> [(key: EncodedValue, value: EncodedValue)]
}

extension Dictionary: EncodableDictionary where Key: Encodable, Value: Encodable {
  func encodedEntries() throws -> [(key: EncodedValue, value: EncodedValue)] {
    try map { (try RowEncoder.encode($0.key), try RowEncoder.encode($0.value)) }
  }
}

private struct SingleContainer: SingleValueEncodingContainer {
  let encoder: RowEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  private func set(_ value: ArrowValue, _ type: DataType) { encoder.set(.leaf(value, type)) }

  func encodeNil() { encoder.set(.null) }
  func encode(_ value: Bool) { set(.bool(value), .boolean) }
  func encode(_ value: String) { set(.string(value), .string) }
  func encode(_ value: Double) { set(.float(value), .double) }
  func encode(_ value: Float) { set(.float(Double(value)), .float) }
  func encode(_ value: Int) { set(.int(Int64(value)), .long) }
  func encode(_ value: Int8) { set(.int(Int64(value)), .byte) }
  func encode(_ value: Int16) { set(.int(Int64(value)), .short) }
  func encode(_ value: Int32) { set(.int(Int64(value)), .integer) }
  func encode(_ value: Int64) { set(.int(value), .long) }
  func encode(_ value: UInt8) { set(.int(Int64(value)), .short) }
  func encode(_ value: UInt16) { set(.int(Int64(value)), .integer) }
  func encode(_ value: UInt32) { set(.int(Int64(value)), .long) }
  func encode(_ value: UInt) { encode(UInt64(value)) }
  func encode(_ value: UInt64) {
    // Spark has no unsigned numbers; a decimal of 20 digits holds them all.
    set(.string("\(value)"), .decimal(precision: 20, scale: 0))
  }
  func encode(_ value: some Encodable) throws { try encoder.take(value) }
}

private struct PropertyContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: RowEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil(forKey key: Key) { encoder.property(key).set(.null) }
  func encode(_ value: some Encodable, forKey key: Key) throws {
    try encoder.property(key).take(value)
  }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { encoder.property(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder.property(key).unkeyedContainer()
  }
  func superEncoder() -> any Encoder { encoder.property(RowKey("super")) }
  func superEncoder(forKey key: Key) -> any Encoder { encoder.property(key) }
}

private struct ElementContainer: UnkeyedEncodingContainer {
  let encoder: RowEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.elementCount }

  func encodeNil() { encoder.element().set(.null) }
  func encode(_ value: some Encodable) throws { try encoder.element().take(value) }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> { encoder.element().container(keyedBy: type) }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    encoder.element().unkeyedContainer()
  }
  func superEncoder() -> any Encoder { encoder.element() }
}
