import ArrowIPC
import Foundation
import SparkTypes

/// Values as Spark shows them: what `cast(... as string)` gives.
struct ValueText {
  /// Where timestamps are shown.
  var zone = TimeZone.current

  func text(_ value: ArrowValue, _ type: DataType) -> String {
    switch (value, type) {
    case (.null, _): return "NULL"
    case (.bool(let flag), _): return "\(flag)"
    case (.int(let number), .date): return date(number)
    case (.int(let number), .timestamp): return time(number, in: zone)
    case (.int(let number), .timestampNTZ): return time(number, in: nil)
    case (.int(let number), .timestampNanos): return time(number / 1000, in: zone)
    case (.int(let number), .timestampNTZNanos): return time(number / 1000, in: nil)
    case (.int(let number), _): return "\(number)"
    case (.uint(let number), _): return "\(number)"
    case (.float(let number), .float): return JavaText.text(Float(number))
    case (.float(let number), _): return JavaText.text(number)
    case (.decimal(let number), _): return "\(number)"
    case (.string(let text), _): return text
    case (.binary(let bytes), _):
      return "["
        + bytes.map { byte in
          (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined(separator: " ") + "]"
    case (.interval(let months, let days, let nanoseconds), _):
      return "\(months) months \(days) days \(nanoseconds) ns"
    case (.list(let values), .array(let element, _)):
      return "[" + values.map { text($0, element) }.joined(separator: ", ") + "]"
    case (.structure(let values), .struct(let fields)):
      return "{" + zip(values, fields).map { text($0, $1.type) }.joined(separator: ", ") + "}"
    case (.map(let entries), .map(let key, let item, _)):
      return "{"
        + entries.map { "\(text($0.key, key)) -> \(text($0.value, item))" }.joined(separator: ", ")
        + "}"
    case (_, .userDefined): return text(value, type.storedType == type ? .null : type.storedType)
    default: return "\(value)"
    }
  }

  private func date(_ days: Int64) -> String {
    let (year, month, day) = Self.civil(days)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }

  private func time(_ micros: Int64, in zone: TimeZone?) -> String {
    var seconds = Self.floor(micros, 1_000_000)
    let fraction = micros - seconds * 1_000_000
    if let zone {
      let moment = Date(timeIntervalSince1970: Double(seconds))
      seconds += Int64(zone.secondsFromGMT(for: moment))
    }
    let days = Self.floor(seconds, 86_400)
    let rest = seconds - days * 86_400
    var text =
      "\(date(days)) \(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
    if fraction > 0 {
      var digits = padded(fraction, 6)
      while digits.hasSuffix("0") { digits.removeLast() }
      text += "." + digits
    }
    return text
  }

  private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = "\(number.magnitude)"
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count))
      + digits
  }

  private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }

  /// The date of a day since 1970-01-01 (Howard Hinnant's `civil_from_days`).
  private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
    let shifted = days + 719_468
    let era = floor(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let part = (5 * dayOfYear + 2) / 153
    let month = part < 10 ? part + 3 : part - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1
    )
  }
}
