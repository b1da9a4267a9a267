import ArrowIPC
import Testing

@testable import FileTables

@Suite struct LegacyCalendarTests {
  /// What Spark 4.3 makes of the days of its old files.
  @Test(
    arguments: [
      (0, 0), (-141_427, -141_427),
      // 1582-10-04 is the day before 1582-10-15 in the old calendar.
      (-141_428, -141_438),
      // 1500-02-29 is no day of today's calendar.
      (-171_596, -171_605),
      // 0001-01-01.
      (-719_164, -719_162),
    ] as [(Int32, Int32)])
  func movesDates(old: Int32, today: Int32) { #expect(LegacyCalendar.today(old) == today) }

  @Test(
    arguments: [
      ([:], false, false),
      (["org.apache.spark.version": "4.3.0"], false, false),
      (["org.apache.spark.version": "2.4.8"], true, true),
      (["org.apache.spark.version": "3.0.1"], false, true),
      (["org.apache.spark.version": "3.5.0", "org.apache.spark.legacyDateTime": ""], true, true),
      (["org.apache.spark.version": "3.5.0", "org.apache.spark.legacyINT96": ""], false, true),
      (["org.apache.spark.legacyDateTime": ""], false, false),
    ] as [([String: String], Bool, Bool)])
  func tellsByTheFooter(metadata: [String: String], dates: Bool, times: Bool) throws {
    let calendar = LegacyCalendar(metadata)
    let days = try ArrowColumn([.null, .int(-141_428)], type: .date32)
    let lists = try ArrowColumn([.list([.int(-141_428), .null])], type: .list(.init("e", .date32)))
    let wanted: ArrowValue = .int(dates ? -141_438 : -141_428)
    #expect((try calendar?.converted(days) ?? days).values == [.null, wanted])
    #expect((try calendar?.converted(days.slice(1..<2)) ?? days.slice(1..<2)).values == [wanted])
    #expect((try calendar?.converted(lists) ?? lists).values == [.list([wanted, .null])])
    // Instants before 1900 are left to Spark, times without a zone are never moved.
    for (zone, isRefused) in [("UTC", times), (nil, false)] {
      let old = try ArrowColumn(
        [.int(-2_208_988_800_000_001)], type: .timestamp(.microsecond, timeZone: zone))
      #expect(code { _ = try calendar?.converted(old) } == (isRefused ? .unsupported : nil))
    }
    let modern = try ArrowColumn(
      [.int(-2_208_988_800_000), .null], type: .timestamp(.millisecond, timeZone: "UTC"))
    #expect(code { _ = try calendar?.converted(modern) } == nil)
  }

  @Test(.needsFilePlugin) func readsFiles() throws {
    let folder = try FilesFolder()
    let days = try ArrowColumn([.int(-141_428)], type: .date32)
    for (name, metadata) in [("old", ["org.apache.spark.version": "2.4.8"]), ("new", [:])]
      as [(String, [String: String])]
    {
      let schema = ArrowSchema([ArrowField("d", .date32)], metadata: metadata)
      try folder.write(
        [RecordBatch(schema: schema, columns: [days], rowCount: 1)], "\(name).parquet")
    }
    #expect(try folder.scan("old.parquet").lines() == ["{\"d\":\"1582-10-04\"}"])
    #expect(try folder.scan("new.parquet").lines() == ["{\"d\":\"1582-10-14\"}"])
  }
}
