import ArrowIPC
import FoundationEssentials
import SparkTypes

extension EncodedValue {
  /// What `value` encodes itself as; the inverse of ``RowDecoder``.
  static func encode(_ value: some Encodable) throws -> EncodedValue {
    try RowEncoder.encode(value, ownForm: ownForm)
  }

  /// Decimals without a schema become decimals of 38 digits with so many behind the point, as PySpark's.
  private static let decimalScale = 18

  /// Dates, bytes, decimals, unsigned numbers and dictionaries have forms of their own; everything else
  /// encodes itself.
  private static func ownForm(
    _ value: any Encodable, _ path: [any CodingKey]
  ) throws -> EncodedValue? {
    func refusal(_ what: String) -> EncodingError {
      EncodingError.invalidValue(
        what, .init(codingPath: path, debugDescription: "\(what) fits no column type of Spark"))
    }
    switch value {
    case let date as Date:
      guard let number = date.microseconds else {
        throw refusal("the date that is \(date.timeIntervalSince1970) seconds from 1970")
      }
      return .leaf(.int(number), .timestamp)
    case let data as Data: return .leaf(.binary(Array(data)), .binary)
    case let number as Decimal:
      if number.isNaN { throw refusal("a decimal that is not a number") }
      return .leaf(.string("\(number)"), .decimal(precision: 38, scale: decimalScale))
    case let duration as Duration:
      let (seconds, attoseconds) = duration.components
      let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
      let (micros, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
      if overflow || overflowed || attoseconds % 1_000_000_000_000 != 0 {
        throw refusal("the duration \(duration)")
      }
      return .leaf(.int(micros), .dayTimeInterval())
    case let url as URL: return .leaf(.string(url.absoluteString), .string)
    case let id as UUID: return .leaf(.string(id.uuidString.lowercased()), .string)
    case let dictionary as any EncodableDictionary: return .map(try dictionary.encodedEntries())
    default: return nil
    }
  }
}

/// A dictionary, which becomes a map whatever its keys are.
private protocol EncodableDictionary {
  func encodedEntries() throws -> [(key: EncodedValue, value: EncodedValue)]
}

extension Dictionary: EncodableDictionary where Key: Encodable, Value: Encodable {
  func encodedEntries() throws -> [(key: EncodedValue, value: EncodedValue)] {
    try map { (try EncodedValue.encode($0.key), try EncodedValue.encode($0.value)) }
  }
}
