import SparkConnect

/// The session's settings on which it depends how Spark reads files.
struct ReadingSettings: Sendable {
  private let values: [String: String]

  /// Settings of which only these values are served.
  private static let served: [(key: String, value: String)] = [
    ("spark.sql.caseSensitive", "false"),
    ("spark.sql.files.ignoreCorruptFiles", "false"),
    ("spark.sql.files.ignoreMissingFiles", "false"),
    ("spark.sql.parquet.binaryAsString", "false"),
    ("spark.sql.parquet.int96AsTimestamp", "true"),
    ("spark.sql.parquet.int96TimestampConversion", "false"),
    ("spark.sql.parquet.fieldId.read.enabled", "false"),
    ("spark.sql.legacy.parquet.nanosAsLong", "false"),
    ("spark.sql.execution.arrow.useLargeVarTypes", "false"),
  ]

  /// Settings that may have any value but this one.
  private static let refused: [(key: String, value: String)] = [
    ("spark.sql.parquet.datetimeRebaseModeInRead", "legacy"),
    ("spark.sql.parquet.int96RebaseModeInRead", "legacy"),
  ]

  private static let others = [
    "spark.sql.session.timeZone", "spark.sql.sources.default", "spark.sql.files.maxPartitionBytes",
    "spark.sql.files.openCostInBytes", "spark.sql.files.minPartitionNum",
    "spark.sql.leafNodeDefaultParallelism", "spark.default.parallelism", "spark.master",
  ]

  static func of(_ session: SparkSession) async throws -> ReadingSettings {
    ReadingSettings(
      try await session.conf.values(of: served.map(\.key) + refused.map(\.key) + others))
  }

  init(_ values: [String: String]) { self.values = values }

  /// A setting with which this package would read other rows than Spark.
  var unserved: String? {
    for (key, value) in Self.served {
      if let found = values[key], found.lowercased() != value { return "\(key)=\(found)" }
    }
    for (key, value) in Self.refused {
      if let found = values[key], found.lowercased() == value { return "\(key)=\(found)" }
    }
    return nil
  }

  var timeZone: String? { values["spark.sql.session.timeZone"] }
  var format: String { values["spark.sql.sources.default"] ?? "parquet" }
  var maxPartitionBytes: Int64 { bytes("spark.sql.files.maxPartitionBytes") ?? 128 << 20 }
  var openCostInBytes: Int64 { bytes("spark.sql.files.openCostInBytes") ?? 4 << 20 }

  /// The number of readers that Spark wants to keep busy; `nil` if the settings do not tell.
  var parallelism: Int? {
    for key in [
      "spark.sql.files.minPartitionNum", "spark.sql.leafNodeDefaultParallelism",
      "spark.default.parallelism",
    ] {
      if let number = values[key].flatMap({ Int($0) }), number > 0 { return number }
    }
    if let master = values["spark.master"], master == "local" { return 1 }
    if let match = values["spark.master"]?.firstMatch(of: /^local\[([0-9]+)/),
      let number = Int(match.1)
    {
      return number
    }
    return nil
  }

  private func bytes(_ key: String) -> Int64? {
    guard let text = values[key]?.lowercased() else { return nil }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let factors: [String: Int64] = [
      "": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30,
      "gb": 1 << 30,
    ]
    guard let number = Int64(digits), let factor = factors[String(text.dropFirst(digits.count))]
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : bytes
  }
}
