/// Writes compact JSON text.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: JSONValue) {
    switch value {
    case .null: raw("null")
    case .bool(let value): write(value)
    case .integer(let value): raw(String(value))
    case .unsigned(let value): raw(String(value))
    case .number(let value): write(value)
    case .string(let value): write(value)
    case .array(let elements): array(elements) { writer, element in writer.write(element) }
    case .object(let members):
      byte(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { byte(UInt8(ascii: ",")) }
        key(member.0)
        write(member.1)
      }
      byte(UInt8(ascii: "}"))
    }
  }

  mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func raw(_ text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func byte(_ byte: UInt8) { bytes.append(byte) }

  mutating func write(_ value: Bool) { value ? raw("true") : raw("false") }

  /// Numbers that are none are written as Triton writes them, for JSON has no words for them.
  mutating func write(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
    if value.isNaN {
      raw("NaN")
    } else if value.isInfinite {
      value < 0 ? raw("-Infinity") : raw("Infinity")
    } else {
      // Triton's exponents have no plus sign.
      raw(value.description.filter { $0 != "+" })
    }
  }

  mutating func write(_ value: String) {
    var value = value
    value.withUTF8 { write(text: $0) }
  }

  /// A string with the text `utf8`.
  mutating func write(text utf8: some Sequence<UInt8>) {
    byte(UInt8(ascii: "\""))
    for unit in utf8 {
      switch unit {
      case UInt8(ascii: "\""): raw("\\\"")
      case UInt8(ascii: "\\"): raw("\\\\")
      case UInt8(ascii: "\n"): raw("\\n")
      case UInt8(ascii: "\r"): raw("\\r")
      case UInt8(ascii: "\t"): raw("\\t")
      case 0..<0x20:
        raw("\\u00")
        byte(Self.hexadecimal[Int(unit >> 4)])
        byte(Self.hexadecimal[Int(unit & 15)])
      default: byte(unit)
      }
    }
    byte(UInt8(ascii: "\""))
  }

  mutating func key(_ name: String) {
    write(name)
    byte(UInt8(ascii: ":"))
  }

  mutating func array<Elements: Collection>(
    _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) throws(KServeError) -> Void
  ) throws(KServeError) {
    byte(UInt8(ascii: "["))
    var isFirst = true
    for element in elements {
      if !isFirst { byte(UInt8(ascii: ",")) }
      isFirst = false
      try write(&self, element)
    }
    byte(UInt8(ascii: "]"))
  }

  mutating func array<Elements: Collection>(
    _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
  ) {
    byte(UInt8(ascii: "["))
    var isFirst = true
    for element in elements {
      if !isFirst { byte(UInt8(ascii: ",")) }
      isFirst = false
      write(&self, element)
    }
    byte(UInt8(ascii: "]"))
  }

  private static let hexadecimal = Array("0123456789abcdef".utf8)
}
