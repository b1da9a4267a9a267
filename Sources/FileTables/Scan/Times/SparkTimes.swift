import Glibc

/// Dates and times as Spark reads them from text where no format is given, and as it writes them.
package enum SparkTimes {
  /// Days since 1970 of `yyyy`, `yyyy-[m]m`, `yyyy-[m]m-[d]d`, the last with anything behind a space
  /// or `T`; years may have up to seven digits and a sign.
  package static func date(_ text: some StringProtocol) -> Int32? {
    var reader = TimeReader(trimming: text)
    guard let date = reader.date() else { return nil }
    if reader.isAtEnd || reader.segments == 3 && (reader.peek == 0x20 || reader.peek == 0x54) {
      return Int32(exactly: date.daysSince1970)
    }
    return nil
  }

  /// Days since 1970 of `yyyy-MM-dd` and nothing else.
  static func strictDate(_ text: String) -> Int32? {
    let bytes = Array(text.utf8)
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      bytes.indices.allSatisfy({ $0 == 4 || $0 == 7 || isDigit(bytes[$0]) })
    else { return nil }
    return date(text)
  }

  /// Microseconds since 1970.
  ///
  /// - Parameter zone: where times without an offset are meant; `nil` takes them, and those with an
  ///   offset too, as the clock shows them.
  package static func timestamp(_ text: some StringProtocol, zone: ZoneRules?) -> Int64? {
    var reader = TimeReader(trimming: text)
    return reader.timestamp(zone: zone)
  }

  /// Microseconds of a time without a zone; text with one is none.
  static func wallClock(_ text: some StringProtocol) -> Int64? {
    var reader = TimeReader(trimming: text)
    guard let micros = reader.timestamp(zone: nil), !reader.hasZone else { return nil }
    return micros
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

  /// `yyyy-MM-dd`.
  package static func text(date days: Int) -> String {
    let date = CivilDate(daysSince1970: days)
    let year =
      date.year < 0
      ? "-" + padded(-date.year, 4) : (date.year > 9999 ? "+" : "") + padded(date.year, 4)
    return "\(year)-\(padded(date.month, 2))-\(padded(date.day, 2))"
  }

  /// `yyyy-MM-dd'T'HH:mm:ss.SSS` and the offset: how Spark writes timestamps into CSV and JSON.
  package static func text(timestamp micros: Int64, zone: ZoneRules?) -> String {
    let seconds = floor(micros, 1_000_000)
    let offset = zone?.offset(at: seconds) ?? 0
    let local = seconds + Int64(offset)
    let milliseconds = Int(micros - seconds * 1_000_000) / 1000
    let text = "\(clock(local, "T")).\(padded(milliseconds, 3))"
    guard zone != nil else { return text }
    if offset == 0 { return text + "Z" }
    let minutes = abs(offset) / 60
    let rest = abs(offset) % 60
    return text + (offset < 0 ? "-" : "+") + padded(minutes / 60, 2) + ":" + padded(minutes % 60, 2)
      + (rest == 0 ? "" : ":" + padded(rest, 2))
  }

  /// Date and time of day of a local time in seconds.
  static func clock(_ local: Int64, _ separator: String) -> String {
    let days = floor(local, 86_400)
    let second = Int(local - days * 86_400)
    return text(date: Int(days)) + separator + padded(second / 3600, 2) + ":"
      + padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2)
  }

  static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }

  static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}

/// Reads the parts of a date and time one after the other.
struct TimeReader {
  private let bytes: [UInt8]
  private var position = 0
  /// How many parts the date had.
  private(set) var segments = 0
  private var hasSeconds = false
  /// Whether a zone stood behind the time.
  private(set) var hasZone = false

  init(trimming text: some StringProtocol) {
    let all = Array(text.utf8)
    // As Java trims: what is no letter of any kind.
    let start = all.firstIndex { $0 > 0x20 } ?? all.endIndex
    let end = all.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? start
    bytes = Array(all[start..<end])
  }

  var isAtEnd: Bool { position == bytes.count }
  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// A number of so many digits.
  mutating func number(_ digits: ClosedRange<Int>) -> Int? {
    let start = position
    var value = 0
    while let byte = peek, SparkTimes.isDigit(byte) {
      if position - start == digits.upperBound { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
      position += 1
    }
    return position - start < digits.lowerBound ? nil : value
  }

  mutating func date() -> CivilDate? {
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard let year = number(4...7) else { return nil }
    var (month, day) = (1, 1)
    segments = 1
    if take("-") {
      guard let given = number(1...2) else { return nil }
      month = given
      segments = 2
      if take("-") {
        guard let given = number(1...2) else { return nil }
        day = given
        segments = 3
      }
    }
    return CivilDate(year: isNegative ? -year : year, month: month, day: day)
  }

  mutating func timestamp(zone: ZoneRules?) -> Int64? {
    let isTimeAlone = isTimeNext
    guard let date = isTimeAlone ? today(zone ?? .current) : date() else { return nil }
    var (seconds, micros) = (Int64(date.daysSince1970) * 86_400, Int64(0))
    var zone = zone
    if !isAtEnd {
      if !isTimeAlone { guard segments == 3, take(" ") || take("T") else { return nil } }
      guard let (second, fraction) = timeOfDay() else { return nil }
      seconds += Int64(second)
      micros = fraction
      if !isAtEnd {
        guard hasSeconds, let given = offset() else { return nil }
        hasZone = true
        if zone != nil { zone = given }
      }
    }
    let instant = zone?.instant(ofLocal: seconds) ?? seconds
    let (product, overflow) = instant.multipliedReportingOverflow(by: 1_000_000)
    let (sum, carry) = product.addingReportingOverflow(micros)
    return overflow || carry ? nil : sum
  }

  /// Whether a time of day stands without a date, behind a `T` or not; Spark takes it for one of today.
  private var isTimeNext: Bool {
    if peek == UInt8(ascii: "T") { return bytes.count > 1 }
    return (1...2).contains { bytes.count > $0 && bytes[$0] == UInt8(ascii: ":") }
  }

  private mutating func today(_ zone: ZoneRules) -> CivilDate? {
    _ = take("T")
    let now = Int64(time(nil))
    return CivilDate(
      daysSince1970: Int(SparkTimes.floor(now + Int64(zone.offset(at: now)), 86_400)))
  }

  /// `[h]h:[m]m[:[s]s[.fraction]]`; digits beyond the sixth are cut off.
  mutating func timeOfDay() -> (seconds: Int, micros: Int64)? {
    guard let hour = number(1...2), hour < 24 else { return nil }
    var (minute, second, micros) = (0, 0, 0)
    guard take(":") else { return (hour * 3600, 0) }
    guard let given = number(1...2), given < 60 else { return nil }
    minute = given
    if take(":") {
      guard let given = number(1...2), given < 60 else { return nil }
      second = given
      hasSeconds = true
      if take(".") {
        var digits = 0
        while let byte = peek, SparkTimes.isDigit(byte) {
          if digits < 6 { micros = micros * 10 + Int(byte - UInt8(ascii: "0")) }
          digits += 1
          position += 1
        }
        while digits < 6 {
          micros *= 10
          digits += 1
        }
      }
    }
    return (hour * 3600 + minute * 60 + second, Int64(micros))
  }

  /// A zone or an offset up to the end.
  private mutating func offset() -> ZoneRules? {
    _ = take(" ")
    let text = String(decoding: bytes[position...], as: UTF8.self)
    position = bytes.count
    return text.isEmpty ? nil : try? ZoneRules.named(text)
  }
}
