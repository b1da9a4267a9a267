package import ArrowIPC

/// What a Swift value encodes itself as, before the type of its column is known.
package indirect enum EncodedValue: Sendable {
  case null
  /// A value, and the type that it would have in a column of its own.
  case leaf(ArrowValue, DataType)
  case list([EncodedValue])
  /// The properties of a structure; those that are `nil` may be missing.
  case object([(name: String, value: EncodedValue)])
  /// The entries of a dictionary.
  case map([(key: EncodedValue, value: EncodedValue)])
}

/// A name or position within a row.
package struct RowKey: CodingKey {
  package let stringValue: String
  package let intValue: Int?

  package init(_ name: String) {
    stringValue = name
    intValue = nil
  }

  package init(_ index: Int) {
    stringValue = "\(index)"
    intValue = index
  }

  package init?(stringValue: String) { self.init(stringValue) }
  package init?(intValue: Int) { self.init(intValue) }
}

/// Finds out what a Swift value consists of.
package final class RowEncoder: Encoder {
  /// Gives the form of values that do not encode themselves; `nil` for all others.
  package typealias OwnForm = (_ value: any Encodable, _ path: [any CodingKey]) throws ->
    EncodedValue?

  private enum Place {
    case property(any CodingKey)
    case element(Int)
  }

  private enum Content {
    case nothing
    case value(EncodedValue)
    case list([RowEncoder])
    case object([(name: String, encoder: RowEncoder)])
  }

  private let ownForm: OwnForm?
  /// Where it stands in the encoder that it was made by, which is there as long as this one is used.
  private let place: Place?
  private unowned let parent: RowEncoder?
  private var content = Content.nothing

  package var userInfo: [CodingUserInfoKey: Any] { [:] }

  package var codingPath: [any CodingKey] {
    guard let parent else { return [] }
    switch place {
    case .property(let key): return parent.codingPath + [key]
    case .element(let index): return parent.codingPath + [RowKey(index)]
    case nil: return parent.codingPath
    }
  }

  private init(_ ownForm: OwnForm?, _ place: Place? = nil, in parent: RowEncoder? = nil) {
    self.ownForm = ownForm
    self.place = place
    self.parent = parent
  }

  /// What `value` encodes itself as.
  ///
  /// - Throws: what the value throws, or `ownForm`.
  package static func encode(
    _ value: some Encodable, ownForm: OwnForm? = nil
  ) throws -> EncodedValue {
    let encoder = RowEncoder(ownForm)
    try encoder.encode(value)
    return encoder.result
  }

  private var result: EncodedValue {
    switch content {
    // A value that encodes nothing, such as an empty structure.
    case .nothing: .object([])
    case .value(let value): value
    case .list(let encoders): .list(encoders.map(\.result))
    case .object(let entries): .object(entries.map { ($0.name, $0.encoder.result) })
    }
  }

  fileprivate var elementCount: Int {
    if case .list(let encoders) = content { encoders.count } else { 0 }
  }

  fileprivate func element() -> RowEncoder {
    var encoders: [RowEncoder] = []
    if case .list(let known) = content { encoders = known }
    content = .nothing
    let encoder = RowEncoder(ownForm, .element(encoders.count), in: self)
    encoders.append(encoder)
    content = .list(encoders)
    return encoder
  }

  fileprivate func property(_ key: any CodingKey) -> RowEncoder {
    var entries: [(name: String, encoder: RowEncoder)] = []
    if case .object(let known) = content { entries = known }
    content = .nothing
    let encoder = RowEncoder(ownForm, .property(key), in: self)
    entries.removeAll { $0.name == key.stringValue }
    entries.append((key.stringValue, encoder))
    content = .object(entries)
    return encoder
  }

  package func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .object = content {} else { content = .object([]) }
    return KeyedEncodingContainer(PropertyContainer<Key>(encoder: self))
  }

  package func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .list = content {} else { content = .list([]) }
    return ElementContainer(encoder: self)
  }

  package func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension RowEncoder: SingleValueEncodingContainer {
  private func set(_ value: ArrowValue, _ type: DataType) { content = .value(.leaf(value, type)) }

  package func encodeNil() { content = .value(.null) }
  package func encode(_ value: Bool) { set(.bool(value), .boolean) }
  package func encode(_ value: String) { set(.string(value), .string) }
  package func encode(_ value: Double) { set(.float(value), .double) }
  package func encode(_ value: Float) { set(.float(Double(value)), .float) }
  package func encode(_ value: Int) { set(.int(Int64(value)), .long) }
  package func encode(_ value: Int8) { set(.int(Int64(value)), .byte) }
  package func encode(_ value: Int16) { set(.int(Int64(value)), .short) }
  package func encode(_ value: Int32) { set(.int(Int64(value)), .integer) }
  package func encode(_ value: Int64) { set(.int(value), .long) }
  package func encode(_ value: UInt8) { set(.int(Int64(value)), .short) }
  package func encode(_ value: UInt16) { set(.int(Int64(value)), .integer) }
  package func encode(_ value: UInt32) { set(.int(Int64(value)), .long) }
  package func encode(_ value: UInt) { encode(UInt64(value)) }
  package func encode(_ value: UInt64) {
    // Spark has no unsigned numbers; a decimal of 20 digits holds them all.
    set(
      Int64(exactly: value).map { .int($0) } ?? .uint(value), .decimal(precision: 20, scale: 0))
  }

  /// Scalars are recognised here too, since containers pass them on generically.
  package func encode(_ value: some Encodable) throws {
    if let form = try ownForm?(value, codingPath) {
      content = .value(form)
      return
    }
    switch value {
    case let value as Bool: encode(value)
    case let value as String: encode(value)
    case let value as Double: encode(value)
    case let value as Float: encode(value)
    case let value as Int: encode(value)
    case let value as Int64: encode(value)
    case let value as Int32: encode(value)
    case let value as Float16: encode(Float(value))
    default: try value.encode(to: self)
    }
  }
}

private struct PropertyContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: RowEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil(forKey key: Key) { encoder.property(key).encodeNil() }
  func encode(_ value: some Encodable, forKey key: Key) throws {
    try encoder.property(key).encode(value)
  }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { encoder.property(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder.property(key).unkeyedContainer()
  }
  /// The properties of a superclass stand beside those of the class.
  func superEncoder() -> any Encoder { encoder }
  func superEncoder(forKey key: Key) -> any Encoder { encoder.property(key) }
}

private struct ElementContainer: UnkeyedEncodingContainer {
  let encoder: RowEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.elementCount }

  func encodeNil() { encoder.element().encodeNil() }
  func encode(_ value: some Encodable) throws { try encoder.element().encode(value) }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> { encoder.element().container(keyedBy: type) }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    encoder.element().unkeyedContainer()
  }
  func superEncoder() -> any Encoder { encoder.element() }
}
