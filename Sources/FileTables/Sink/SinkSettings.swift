import ArrowIPC
import SparkTypes

/// How the files of an output are written.
struct SinkSettings: Sendable {
  let format: FileFormat
  let schema: StructType
  let zone: ZoneRules
  /// Spark's name; `nil` for none.
  let compression: String?
  /// What the names of parts end in, such as `.snappy.parquet`.
  let ending: String
  let csv: CSVWriting
  let json: JSONWriting
  let rowGroupRows: Int

  init(
    _ format: FileFormat, _ options: FileOptions, ending name: NameEnding, schema: StructType
  ) throws(FileTableError) {
    self.format = format
    self.schema = schema
    zone = try options.zone()
    if schema.fields.isEmpty {
      throw FileTableError(.schema, "a table without columns cannot be written")
    }
    if format != .arrow {
      try SparkSchema.checkNames(schema, "the output")
      for field in schema.fields where Self.hasTimes(field.type) {
        throw FileTableError(
          .schema,
          "the column '\(field.name)' is \(field.type), which Spark neither writes to files nor reads from "
            + "them; leave it out, or write the format arrow. A partition's values are text with the input's "
            + "option partitionColumnTypeInference=false")
      }
    }
    compression = try Self.compression(format, options, name)
    ending = Self.ending(format, compression)
    csv = format == .csv ? try CSVWriting(options, isTabbed: name.isTabbed) : CSVWriting()
    json = format == .json ? try JSONWriting(options) : JSONWriting()
    rowGroupRows = 0
    switch format {
    case .csv:
      for field in schema.fields { try CSVWriting.check(field) }
    case .text:
      guard schema.fields.count == 1, schema.fields[0].type.isString else {
        throw FileTableError(
          .schema,
          "text files have one column of strings; the table has \(schema.ddl). Write CSV or JSON")
      }
    case .binary:
      throw FileTableError(
        .unsupported, "binary files can be read, but not written; write parquet, csv, json or arrow"
      )
    case .parquet, .json, .arrow: break
    }
  }

  private static func hasTimes(_ type: DataType) -> Bool {
    switch type {
    case .time: true
    case .array(let element, _): hasTimes(element)
    case .map(let key, let value, _): hasTimes(key) || hasTimes(value)
    case .struct(let fields): fields.fields.contains { hasTimes($0.type) }
    default: false
    }
  }

  private static let names: [FileFormat: [String: String?]] = [
    .parquet: [
      "none": nil, "uncompressed": nil, "snappy": "snappy", "gzip": "gzip", "zstd": "zstd",
      "lz4": "lz4_raw", "lz4_raw": "lz4_raw", "lz4raw": "lz4_raw", "brotli": "brotli",
    ],
    .arrow: ["none": nil, "uncompressed": nil, "zstd": "zstd", "lz4": "lz4"],
  ]
  private static let textNames: [String: String?] = [
    "none": nil, "uncompressed": nil, "gzip": "gzip", "bzip2": "bzip2", "zstd": "zstd",
  ]

  private static func compression(
    _ format: FileFormat, _ options: FileOptions, _ name: NameEnding
  ) throws(FileTableError) -> String? {
    let given =
      options.text("compression", "codec")
      ?? (name.format == format ? name.compression : nil)
      ?? (format == .parquet ? "snappy" : "none")
    let known = names[format] ?? textNames
    guard let found = known[given.lowercased()] else {
      throw FileTableError(
        .invalidOption,
        "the compression '\(given)' is not one in which \(format.sparkName) is written here; choose "
          + known.keys.sorted().joined(separator: ", ")
          + (format == .arrow ? "" : ", or use Spark (--engine spark)"))
    }
    return found
  }

  /// As Spark's names end.
  private static func ending(_ format: FileFormat, _ compression: String?) -> String {
    let words = [
      "gzip": ".gz", "bzip2": ".bz2", "snappy": ".snappy", "lz4_raw": ".lz4raw", "brotli": ".br",
      "lz4": ".lz4", "zstd": format == .parquet ? ".zstd" : ".zst",
    ]
    let word = compression.flatMap { words[$0] } ?? ""
    switch format {
    case .parquet: return word + ".parquet"
    // The compression is within the file.
    case .arrow: return ".arrow"
    case .csv: return ".csv" + word
    case .json: return ".json" + word
    case .text: return ".txt" + word
    case .binary: return ""
    }
  }

  func writer(
    _ store: FileStore, _ path: String
  ) throws(FileTableError) -> any PartWriter {
    switch format {
    case .parquet, .arrow: return try TablePartWriter(store, path, self)
    case .csv: return try CSVPartWriter(store, path, self)
    case .json: return try JSONPartWriter(store, path, self)
    case .text, .binary: return try TextPartWriter(store, path, self)
    }
  }
}
