import ArrowIPC

/// The calendar of Parquet files that Spark 2 wrote, or a later Spark that was told to write as it did:
/// Julian before 1582-10-15. Their footers tell it, and Spark reads their dates as the days of the same
/// name in today's calendar.
struct LegacyCalendar {
  private let hasDates: Bool

  /// `nil` if the file's dates and instants are those of today's calendar.
  init?(_ metadata: [String: String]) {
    // Spark compares the text of versions, too.
    guard let version = metadata["org.apache.spark.version"] else { return nil }
    hasDates = version < "3.0.0" || metadata["org.apache.spark.legacyDateTime"] != nil
    let hasInstants = version < "3.1.0" || metadata["org.apache.spark.legacyINT96"] != nil
    if !hasDates, !hasInstants { return nil }
  }

  /// The first day of today's calendar, 1582-10-15, and the second since which no zone's clocks differ.
  private static let firstDay: Int32 = -141_427
  private static let firstSecond: Int64 = -2_208_988_800

  /// The column with its dates, also those within other values, in today's calendar.
  ///
  /// - Throws: ``FileTableError`` for instants before 1900: to move them takes Java's own history of the
  ///   zones.
  func converted(_ column: ArrowColumn) throws(FileTableError) -> ArrowColumn {
    switch column.type {
    case .date32: return hasDates ? try dates(column) : column
    case .timestamp(let unit, .some):
      try check(column, unit)
      return column
    default:
      if column.children.isEmpty { return column }
      var children: [ArrowColumn] = []
      for child in column.children { children.append(try converted(child)) }
      return ArrowColumn(
        unchecked: column.type, count: column.count, offset: column.offset,
        nullCount: column.nullCount, validity: column.validity, buffers: column.buffers,
        children: children, dictionary: column.dictionary)
    }
  }

  private func dates(_ column: ArrowColumn) throws(FileTableError) -> ArrowColumn {
    let moved = try ColumnConversion.wrapped {
      try column.withValues(as: Int32.self) { days -> [Int32]? in
        guard days.contains(where: { $0 < Self.firstDay }) else { return nil }
        // The rows that a slice passes over stay in their place.
        return Array(repeating: 0, count: column.offset) + days.map(Self.today)
      }
    }
    guard let moved else { return column }
    return ArrowColumn(
      unchecked: column.type, count: column.count, offset: column.offset,
      nullCount: column.nullCount, validity: column.validity,
      buffers: [ArrowBuffer(copying: moved)])
  }

  /// The day that has the name that `days` has in the old calendar.
  static func today(_ days: Int32) -> Int32 {
    if days >= firstDay { return days }
    // Days since 1 March of the year -4800, in spans of four years.
    let shifted = Int64(days) + 2_472_670
    let span = SparkTimes.floor(shifted, 1461)
    let dayOfSpan = Int(shifted - span * 1461)
    let yearOfSpan = (4 * dayOfSpan + 3) / 1461
    let dayOfYear = dayOfSpan - 1461 * yearOfSpan / 4
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let year = Int(span) * 4 + yearOfSpan - 4800 + monthFromMarch / 10
    let month = monthFromMarch + 3 - 12 * (monthFromMarch / 10)
    guard let first = CivilDate(year: year, month: month, day: 1) else { return days }
    // As Spark, 29 February is 1 March in a year that has none today.
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5
    return Int32(clamping: first.daysSince1970 + day)
  }

  private func check(
    _ column: ArrowColumn, _ unit: ArrowType.TimeUnit
  ) throws(FileTableError) {
    let ticks: Int64 =
      switch unit {
      case .second: 1
      case .millisecond: 1000
      case .microsecond: 1_000_000
      case .nanosecond: 1_000_000_000
      }
    let old = try ColumnConversion.wrapped {
      try column.withValues(as: Int64.self) { values in
        values.indices.contains {
          values[$0] < Self.firstSecond * ticks && !column.isNull($0)
        }
      }
    }
    if !old { return }
    throw FileTableError(
      .unsupported,
      "the file is marked as one of Spark 2's calendar and has times before 1900, which only Spark moves "
        + "to today's; use Spark (--engine spark)")
  }
}
