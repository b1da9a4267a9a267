import ArrowIPC
import SparkTypes

/// A partition's value as a folder's name has it, and the types that Spark sees in it.
struct PartitionValue {
  /// As in the name: still escaped.
  let raw: String

  init(_ raw: String) { self.raw = raw }

  /// The type of this value alone.
  func inferredType(zone: ZoneRules) -> DataType {
    if raw == PathEscapes.null { return .null }
    if JavaNumbers.integer(raw, as: Int32.self) != nil { return .integer }
    if JavaNumbers.integer(raw, as: Int64.self) != nil { return .long }
    if let decimal = JavaNumbers.decimal(raw), decimal.scale <= 0,
      decimal.precision - decimal.scale <= 38
    {
      return .decimal(precision: decimal.precision - decimal.scale, scale: 0)
    }
    if JavaNumbers.double(raw) != nil { return .double }
    let text = PathEscapes.unescaped(raw)
    if Self.isTimestamp(text), SparkTimes.timestamp(text, zone: zone) != nil { return .timestamp }
    if SparkTimes.strictDate(raw) != nil { return .date }
    if Self.isTime(text) { return .time() }
    return .string
  }

  /// `yyyy-MM-dd HH:mm:ss`, perhaps with one digit of a fraction.
  private static func isTimestamp(_ text: String) -> Bool {
    var bytes = Array(text.utf8)
    if bytes.count == 21, bytes[19] == UInt8(ascii: ".") { bytes.remove(at: 19) }
    guard (19...20).contains(bytes.count), bytes[10] == UInt8(ascii: " "),
      SparkTimes.strictDate(String(decoding: bytes[..<10], as: UTF8.self)) != nil
    else { return false }
    return isTime(String(decoding: bytes[11..<19], as: UTF8.self))
      && bytes[19...].allSatisfy(SparkTimes.isDigit)
  }

  private static func isTime(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.count == 8 && bytes[2] == UInt8(ascii: ":") && bytes[5] == UInt8(ascii: ":")
      && bytes.indices.allSatisfy { $0 == 2 || $0 == 5 || SparkTimes.isDigit(bytes[$0]) }
      && TimeReader.nanoseconds(text) != nil
  }

  /// The type of a column whose values are of both types.
  static func common(_ a: DataType, _ b: DataType) -> DataType {
    if a == b { return a }
    switch (a, b) {
    case (.null, let other), (let other, .null): return other
    case (.integer, .long), (.long, .integer): return .long
    case (.integer, .double), (.double, .integer): return .double
    case (.decimal(let a, _), .decimal(let b, _)): return .decimal(precision: max(a, b), scale: 0)
    case (.decimal(let precision, _), .integer), (.integer, .decimal(let precision, _)):
      return .decimal(precision: max(precision, 10), scale: 0)
    case (.decimal(let precision, _), .long), (.long, .decimal(let precision, _)):
      return .decimal(precision: max(precision, 20), scale: 0)
    case (.date, .timestamp), (.timestamp, .date): return .timestamp
    default: return .string
    }
  }

  /// The value in `type`; `nil` if it is not one of that type.
  func value(as type: DataType, zone: ZoneRules) -> ArrowValue? {
    if raw == PathEscapes.null { return .null }
    let text = PathEscapes.unescaped(raw)
    switch type {
    case .null: return .null
    case .string, .char, .varchar, .collatedString: return .string(text)
    case .byte: return JavaNumbers.integer(raw, as: Int8.self).map { .int(Int64($0)) }
    case .short: return JavaNumbers.integer(raw, as: Int16.self).map { .int(Int64($0)) }
    case .integer: return JavaNumbers.integer(raw, as: Int32.self).map { .int(Int64($0)) }
    case .long: return JavaNumbers.integer(raw, as: Int64.self).map { .int($0) }
    case .float: return JavaNumbers.double(raw).map { .float(Double(Float($0))) }
    case .double: return JavaNumbers.double(raw).map { .float($0) }
    case .decimal(let precision, let scale):
      return JavaNumbers.decimal(raw)?.rescaled(precision: precision, scale: scale)
        .map { .decimal($0) }
    case .date: return SparkTimes.date(text).map { .int(Int64($0)) }
    case .timestamp: return SparkTimes.timestamp(text, zone: zone).map { .int($0) }
    case .timestampNTZ: return SparkTimes.timestamp(text, zone: nil).map { .int($0) }
    case .time: return TimeReader.nanoseconds(text).map { .int($0) }
    case .binary: return .binary(Array(raw.utf8))
    case .boolean:
      switch raw.lowercased() {
      case "true": return .bool(true)
      case "false": return .bool(false)
      default: return nil
      }
    default: return nil
    }
  }
}

extension TimeReader {
  /// Nanoseconds since midnight of a time of day.
  static func nanoseconds(_ text: String) -> Int64? {
    var reader = TimeReader(trimming: text)
    guard let (seconds, micros) = reader.timeOfDay(), reader.isAtEnd else { return nil }
    return Int64(seconds) * 1_000_000_000 + micros * 1000
  }
}
