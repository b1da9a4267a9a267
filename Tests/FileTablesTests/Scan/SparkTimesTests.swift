import Testing

@testable import FileTables

@Suite struct SparkTimesTests {
  private let zone: ZoneRules

  init() throws { zone = try ZoneRules.named("Europe/Berlin") }

  @Test(arguments: [
    ("2020-07-01 03:04:05.123456", "2020-07-01T03:04:05.123+02:00"),
    ("1800-01-01 00:00:00", "1800-01-01T00:00:00.000+00:53:28"),
    // Skipped by clocks, and shown twice.
    ("2020-03-29 02:30:00", "2020-03-29T03:30:00.000+02:00"),
    ("2020-10-25 02:30:00", "2020-10-25T02:30:00.000+02:00"),
    ("2020-01-01T10:00:00Z", "2020-01-01T11:00:00.000+01:00"),
    ("2020-01", "2020-01-01T00:00:00.000+01:00"),
    ("2020-01-01 10", "2020-01-01T10:00:00.000+01:00"),
    ("2020-01-01 10:11:12 Europe/Paris", "2020-01-01T10:11:12.000+01:00"),
    ("12020-01-01 00:00:00", "+12020-01-01T00:00:00.000+01:00"),
    ("2050-07-01 12:00:00", "2050-07-01T12:00:00.000+02:00"),
    ("2020-01-01 10:11+01:00", nil), ("2020-01-01 24:00:00", nil), ("2020-01-01Tabc", nil),
    ("2020-01-01 10:11:12X", nil), ("", nil),
  ])
  func readsAndWritesInstants(_ text: String, _ expected: String?) {
    let micros = SparkTimes.timestamp(text, zone: zone)
    #expect(micros.map { SparkTimes.text(timestamp: $0, zone: zone) } == expected)
  }

  @Test(arguments: [
    ("2020-01-01", "2020-01-01"), ("2020-1-1", "2020-01-01"), ("2020", "2020-01-01"),
    ("2020-01-01 x", "2020-01-01"), ("2020-02-30", nil), ("2020-01-01x", nil),
    ("-0044-03-15", "-0044-03-15"), ("18500", "+18500-01-01"), ("20200101", nil),
  ])
  func readsDates(_ text: String, _ expected: String?) {
    #expect(SparkTimes.date(text).map { SparkTimes.text(date: Int($0)) } == expected)
  }

  @Test func readsTimesWithoutAZone() {
    #expect(SparkTimes.wallClock("2020-01-01 10:00:00") == 1_577_872_800_000_000)
    #expect(SparkTimes.wallClock("2020-01-01 10:00:00+01:00") == nil)
  }

  @Test(arguments: [
    (1.5, "1.5"), (1e10, "1.0E10"), (1e7, "1.0E7"), (0.001, "0.001"), (1e-4, "1.0E-4"),
    (-0.0, "-0.0"), (123_456_789.125, "1.23456789125E8"), (100, "100.0"),
    (.leastNonzeroMagnitude, "4.9E-324"),
    (0.1 + 0.2, "0.30000000000000004"), (.infinity, "Infinity"), (9_999_999.5, "9999999.5"),
  ])
  func writesNumbersAsJava(_ number: Double, _ expected: String) {
    #expect(SparkText.number(number) == expected)
  }

  @Test func writesFloatsAsJava() {
    #expect(SparkText.number(Float(3.4e38)) == "3.4E38")
    #expect(SparkText.number(Float(0.1)) == "0.1")
    #expect(SparkText.number(Float.nan) == "NaN")
  }

  @Test(arguments: [
    ("UTC", 0), ("+05:30", 19_800), ("UTC+2", 7200), ("GMT-8", -28_800),
    ("America/New_York", -18_000), ("Asia/Kolkata", 19_800),
  ])
  func knowsZones(_ name: String, _ offset: Int) throws {
    #expect(try ZoneRules.named(name).offset(at: 1_700_000_000) == offset)
  }

  @Test func refusesUnknownZones() {
    #expect(throws: FileTableError.self) { try ZoneRules.named("Mars/Olympus") }
    #expect(throws: FileTableError.self) { try ZoneRules.named("../../etc/passwd") }
  }
}
