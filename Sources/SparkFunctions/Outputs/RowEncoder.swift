/// What a row's `Encodable` value says of itself.
indirect enum EncodedValue {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A whole number beyond `Int64`.
  case unsigned(UInt64)
  case float(Double)
  case string(String)
  case list([EncodedValue])
  case object([(name: String, value: EncodedValue)])

  /// The value's kind for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool(let truth): "the boolean \(truth)"
    case .integer(let number): "the number \(number)"
    case .unsigned(let number): "the number \(number)"
    case .float(let number): "the number \(number)"
    case .string: "a string"
    case .list(let list): "a list of \(list.count) elements"
    case .object(let object): "an object with \(object.map(\.name))"
    }
  }
}

/// Encodes rows into ``EncodedValue``s.
struct RowEncoder: Encoder {
  /// The place that the encoder fills, shared by the containers that it hands out.
  private final class Slot {
    enum Content {
      case nothing
      case value(EncodedValue)
      case list([Slot])
      case object([(name: String, slot: Slot)])
    }

    var content = Content.nothing

    var value: EncodedValue {
      switch content {
      case .nothing: .object([])
      case .value(let value): value
      case .list(let slots): .list(slots.map(\.value))
      case .object(let entries): .object(entries.map { ($0.name, $0.slot.value) })
      }
    }

    func appended() -> Slot {
      let slot = Slot()
      guard case .list(var slots) = content else {
        content = .list([slot])
        return slot
      }
      content = .nothing
      slots.append(slot)
      content = .list(slots)
      return slot
    }

    func entry(_ name: String) -> Slot {
      let slot = Slot()
      guard case .object(var entries) = content else {
        content = .object([(name, slot)])
        return slot
      }
      content = .nothing
      entries.removeAll { $0.name == name }
      entries.append((name, slot))
      content = .object(entries)
      return slot
    }
  }

  private let slot: Slot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  static func encode(_ value: some Encodable) throws -> EncodedValue {
    let slot = Slot()
    try RowEncoder(slot: slot, codingPath: []).encode(value)
    return slot.value
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .object = slot.content {} else { slot.content = .object([]) }
    return KeyedEncodingContainer(Keyed(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .list = slot.content {} else { slot.content = .list([]) }
    return Unkeyed(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: Slot
    let codingPath: [any CodingKey]

    private func encoder(_ key: any CodingKey) -> RowEncoder {
      RowEncoder(slot: slot.entry(key.stringValue), codingPath: codingPath + [key])
    }

    func encodeNil(forKey key: Key) throws { encoder(key).encodeNil() }
    func encode(_ value: some Encodable, forKey key: Key) throws { try encoder(key).encode(value) }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
      encoder(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      encoder(key).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { RowEncoder(slot: slot, codingPath: codingPath) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }
  }

  private struct Unkeyed: UnkeyedEncodingContainer {
    let slot: Slot
    let codingPath: [any CodingKey]

    var count: Int {
      if case .list(let slots) = slot.content { return slots.count }
      return 0
    }

    private func encoder() -> RowEncoder {
      RowEncoder(slot: slot.appended(), codingPath: codingPath)
    }

    func encodeNil() throws { encoder().encodeNil() }
    func encode(_ value: some Encodable) throws { try encoder().encode(value) }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
      encoder().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder() }
  }
}

extension RowEncoder: SingleValueEncodingContainer {
  func encodeNil() { slot.content = .value(.null) }
  func encode(_ value: Bool) { slot.content = .value(.bool(value)) }
  func encode(_ value: String) { slot.content = .value(.string(value)) }
  func encode(_ value: Double) { slot.content = .value(.float(value)) }
  func encode(_ value: Float) { slot.content = .value(.float(Double(value))) }
  func encode(_ value: Int) { slot.content = .value(.integer(Int64(value))) }
  func encode(_ value: Int8) { slot.content = .value(.integer(Int64(value))) }
  func encode(_ value: Int16) { slot.content = .value(.integer(Int64(value))) }
  func encode(_ value: Int32) { slot.content = .value(.integer(Int64(value))) }
  func encode(_ value: Int64) { slot.content = .value(.integer(value)) }
  func encode(_ value: UInt) { encode(UInt64(value)) }
  func encode(_ value: UInt8) { slot.content = .value(.integer(Int64(value))) }
  func encode(_ value: UInt16) { slot.content = .value(.integer(Int64(value))) }
  func encode(_ value: UInt32) { slot.content = .value(.integer(Int64(value))) }

  func encode(_ value: UInt64) {
    slot.content = .value(Int64(exactly: value).map { .integer($0) } ?? .unsigned(value))
  }

  /// Scalars are recognised here too, since containers pass them on generically.
  func encode(_ value: some Encodable) throws {
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
