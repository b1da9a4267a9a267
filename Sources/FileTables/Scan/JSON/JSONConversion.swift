import ArrowIPC
import SparkTypes

/// Values of JSON in the types of columns, by the rules of Spark's reader.
struct JSONConversion {
  let zone: ZoneRules
  /// Whether some value did not fit.
  private(set) var problem: String?

  /// A value is not of its column's type.
  private struct Mismatch: Error {
    var message: String
  }

  init(zone: ZoneRules) { self.zone = zone }

  /// The value of a column; null, and ``problem`` set, if it is not of its type.
  mutating func value(_ node: JSONNode, as field: StructField) -> ArrowValue {
    do throws(Mismatch) {
      return try converted(node, field.type)
    } catch {
      if problem == nil { problem = "the column '\(field.name)': \(error.message)" }
      return .null
    }
  }

  mutating func begin() { problem = nil }

  private mutating func converted(
    _ node: JSONNode, _ type: DataType
  ) throws(Mismatch) -> ArrowValue {
    if case .null = node { return .null }
    switch (type, node) {
    case (let type, _) where type.isString: return node.asText.map { .string($0) } ?? .null
    case (.boolean, .bool(let value)): return .bool(value)
    case (.byte, .number(let text)): return .int(Int64(try integer(text, type) as Int8))
    case (.short, .number(let text)): return .int(Int64(try integer(text, type) as Int16))
    case (.integer, .number(let text)): return .int(Int64(try integer(text, type) as Int32))
    case (.long, .number(let text)): return .int(try integer(text, type))
    case (.double, .number(let text)):
      if let value = JavaNumbers.double(text) { return .float(value) }
    case (.float, .number(let text)):
      if let value = JavaNumbers.float(text) { return .float(Double(value)) }
    case (.double, .word(let text)), (.float, .word(let text)), (.double, .string(let text)),
      (.float, .string(let text)):
      switch text {
      case "NaN": return .float(.nan)
      case "+INF", "+Infinity", "Infinity": return .float(.infinity)
      case "-INF", "-Infinity": return .float(-.infinity)
      default: break
      }
    case (.decimal(let precision, let scale), .number(let text)),
      (.decimal(let precision, let scale), .string(let text)):
      if let value = JavaNumbers.decimal(text)?.rescaled(precision: precision, scale: scale) {
        return .decimal(value)
      }
    case (.date, .string(let text)):
      if let days = SparkTimes.date(text) { return .int(Int64(days)) }
    case (.timestamp, .string(let text)):
      if let micros = SparkTimes.timestamp(text, zone: zone) { return .int(micros) }
    case (.timestamp, .number(let text)):
      if let seconds = Int64(text) {
        let (micros, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if !overflow { return .int(micros) }
      }
    case (.timestampNTZ, .string(let text)):
      if let micros = SparkTimes.wallClock(text) { return .int(micros) }
    case (.binary, .string(let text)):
      if let bytes = Base64.decoded(text) { return .binary(bytes) }
    case (.array(let element, _), .array(let nodes, _)):
      var values: [ArrowValue] = []
      for node in nodes { values.append(try converted(node, element)) }
      return .list(values)
    case (.map(let key, let value, _), .object(let members, _)) where key.isString:
      var entries: [(key: ArrowValue, value: ArrowValue)] = []
      for member in members {
        entries.append((.string(member.name), try converted(member.value, value)))
      }
      return .map(entries)
    case (.struct(let fields), .object(let members, _)):
      return .structure(structure(members, fields))
    default: break
    }
    throw Mismatch(message: "\(node.asText.map { "'\($0)'" } ?? "null") is no \(type)")
  }

  /// The fields of an object, in the schema's order; of names that repeat the last one counts.
  mutating func structure(
    _ members: [(name: String, value: JSONNode)], _ fields: StructType
  ) -> [ArrowValue] {
    fields.fields.map { field in
      var result = ArrowValue.null
      for member in members where member.name.isExactly(field.name) {
        result = value(member.value, as: field)
      }
      return result
    }
  }

  private func integer<Number: FixedWidthInteger>(
    _ text: String, _ type: DataType
  ) throws(Mismatch) -> Number {
    guard let number = Number(text) else { throw Mismatch(message: "\(text) is no \(type)") }
    return number
  }
}

/// Bytes in letters (RFC 4648).
enum Base64 {
  /// `nil` for text with other letters.
  static func decoded(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var word: UInt32 = 0
    var count = 0
    var letters = Array(text.utf8)
    if letters.count.isMultiple(of: 4) {
      for _ in 0..<2 where letters.last == UInt8(ascii: "=") { letters.removeLast() }
    }
    for letter in letters {
      let value: UInt8
      switch letter {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = letter - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = letter - 71
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = letter + 4
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      default: return nil
      }
      word = word << 6 | UInt32(value)
      count += 1
      if count.isMultiple(of: 4) {
        bytes += [UInt8(word >> 16 & 0xFF), UInt8(word >> 8 & 0xFF), UInt8(word & 0xFF)]
        word = 0
      }
    }
    switch count % 4 {
    case 1: return nil
    case 2: bytes.append(UInt8(word >> 4 & 0xFF))
    case 3: bytes += [UInt8(word >> 10 & 0xFF), UInt8(word >> 2 & 0xFF)]
    default: break
    }
    return bytes
  }
}
