/// Writes JSON text.
public struct JSONWriter {
  public var bytes: [UInt8] = []
  /// Whether a space follows each comma and colon.
  @usableFromInline let isSpaced: Bool

  public init(isSpaced: Bool = false) { self.isSpaced = isSpaced }

  public mutating func write(_ value: JSONValue) {
    switch value {
    case .null: raw("null")
    case .bool(let value): write(value)
    case .integer(let value): raw(String(value))
    case .unsigned(let value): raw(String(value))
    case .number(let value): write(value)
    case .string(let value): write(value)
    case .array(let elements): array(elements) { writer, element in writer.write(element) }
    case .object(let members):
      object { writer in for (name, value) in members { writer.member(name, value) } }
    }
  }

  @inlinable
  public mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  @inlinable
  public mutating func byte(_ byte: UInt8) { bytes.append(byte) }

  @inlinable
  public mutating func comma() {
    byte(UInt8(ascii: ","))
    if isSpaced { byte(UInt8(ascii: " ")) }
  }

  public mutating func write(_ value: Bool) { value ? raw("true") : raw("false") }

  /// Numbers that are none are written as Triton writes them, for JSON has no words for them.
  public mutating func write(_ value: Double) {
    if value.isNaN {
      raw("NaN")
    } else if value.isInfinite {
      value < 0 ? raw("-Infinity") : raw("Infinity")
    } else {
      // Triton's exponents have no plus sign.
      for unit in value.description.utf8 where unit != UInt8(ascii: "+") { byte(unit) }
    }
  }

  public mutating func write(_ value: String) {
    var value = value
    value.withUTF8 { write(text: $0) }
  }

  /// A string with the text `utf8`.
  @inlinable
  public mutating func write(text utf8: some Sequence<UInt8>) {
    byte(UInt8(ascii: "\""))
    for unit in utf8 {
      switch unit {
      case UInt8(ascii: "\""): raw("\\\"")
      case UInt8(ascii: "\\"): raw("\\\\")
      case UInt8(ascii: "\n"): raw("\\n")
      case UInt8(ascii: "\r"): raw("\\r")
      case UInt8(ascii: "\t"): raw("\\t")
      case 0..<0x20:
        raw(unit < 0x10 ? "\\u000" : "\\u001")
        byte(unit & 15 < 10 ? UInt8(ascii: "0") + unit & 15 : UInt8(ascii: "a") - 10 + unit & 15)
      default: byte(unit)
      }
    }
    byte(UInt8(ascii: "\""))
  }

  /// An object, whose members `members` writes.
  public mutating func object<Failure: Error>(
    _ members: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    byte(UInt8(ascii: "{"))
    try members(&self)
    byte(UInt8(ascii: "}"))
  }

  /// Begins a member: its name, behind a comma unless it is the object's first.
  public mutating func key(_ name: String) {
    if bytes.last != UInt8(ascii: "{") { comma() }
    write(name)
    byte(UInt8(ascii: ":"))
    if isSpaced { byte(UInt8(ascii: " ")) }
  }

  public mutating func member(_ name: String, _ value: JSONValue) {
    key(name)
    write(value)
  }

  @inlinable
  public mutating func array<Elements: Collection, Failure: Error>(
    _ elements: Elements,
    _ write: (inout JSONWriter, Elements.Element) throws(Failure) -> Void
  ) throws(Failure) {
    byte(UInt8(ascii: "["))
    var isFirst = true
    for element in elements {
      if !isFirst { comma() }
      isFirst = false
      try write(&self, element)
    }
    byte(UInt8(ascii: "]"))
  }
}
