import ArrowIPC

extension FileFormat {
  /// The format that Spark, or the command, calls `name`; `nil` if it is none of this engine's.
  public init?(named name: String) {
    switch name.lowercased() {
    case "parquet", "parq", "pq": self = .parquet
    case "csv", "tsv", "tab": self = .csv
    case "json", "jsonl", "ndjson": self = .json
    case "arrow", "feather", "ipc", "arrows": self = .arrow
    case "binaryfile": self = .binary
    case "text", "txt": self = .text
    default: return nil
    }
  }

  /// The name in messages and for Spark.
  package var sparkName: String {
    switch self {
    case .parquet: "Parquet"
    case .csv: "CSV"
    case .json: "JSON"
    case .arrow: "Arrow"
    case .binary: "binary files"
    case .text: "text"
    }
  }
}

/// What the end of a file's name tells.
struct NameEnding {
  var format: FileFormat?
  /// Spark's name of the compression.
  var compression: String?
  /// Whether values are separated by tabs.
  var isTabbed = false
  /// The extension in small letters, without that of a compression.
  var word = ""

  private static let compressions = [
    "gz": "gzip", "gzip": "gzip", "bz2": "bzip2", "zst": "zstd", "lz4": "lz4", "deflate": "deflate",
    "snappy": "snappy",
  ]

  /// Formats that are no folders of tables: a name with another end is taken for that of a folder.
  private static let words: Set<String> = [
    "parquet", "parq", "pq", "csv", "tsv", "tab", "json", "jsonl", "ndjson", "arrow", "arrows",
    "feather", "ipc", "txt", "text",
  ]

  init(_ path: String) {
    var words = PathNames.last(PathNames.trimmed(path)).split(
      separator: ".", omittingEmptySubsequences: false
    ).dropFirst().map { $0.lowercased() }
    if let last = words.last, let known = Self.compressions[last] {
      compression = known
      words.removeLast()
    }
    word = words.last ?? ""
    guard Self.words.contains(word) else { return }
    format = FileFormat(named: word)
    isTabbed = word == "tsv" || word == "tab"
  }

  /// Whether a table is written to one file of this name.
  var isFile: Bool { format != nil || compression != nil }
}

/// The format of the files of a table whose user named none.
enum FormatDetection {
  /// - Throws: ``FileTableError`` if nothing tells it, or files tell several.
  static func format(
    of paths: [String], files: [ScanFile]
  ) throws(FileTableError) -> (format: FileFormat, isTabbed: Bool) {
    let named = paths.map { NameEnding($0) }
    if let first = named.first, let format = first.format, named.allSatisfy({ $0.format == format })
    {
      return (format, first.isTabbed)
    }
    var found: (ending: NameEnding, format: FileFormat, file: String)?
    for file in files.lazy.filter({ PathNames.isData(PathNames.last($0.path)) && $0.length > 0 })
      .prefix(100)
    {
      let ending = NameEnding(file.path)
      let format: FileFormat
      if let known = ending.format {
        format = known
      } else if let sniffed = try sniffed(file) {
        format = sniffed
      } else {
        throw FileTableError(
          .invalidOption,
          "the format of '\(file.location)' is told neither by its name nor by its first bytes; name "
            + "the format (parquet, csv, json, arrow, text, binaryFile)",
          path: file.location)
      }
      if let before = found, before.format != format {
        throw FileTableError(
          .invalidOption,
          "there are files of several formats, such as '\(before.file)' (\(before.format.sparkName)) and "
            + "'\(file.location)' (\(format.sparkName)); read those of one, or name the format",
          path: file.location)
      }
      if found == nil { found = (ending, format, file.location) }
    }
    return (found?.format ?? .parquet, found?.ending.isTabbed ?? false)
  }

  private static func sniffed(_ file: ScanFile) throws(FileTableError) -> FileFormat? {
    let bytes = try FileBytes(file.store, file.path, decompressing: false).read(upTo: 6)
    if bytes.starts(with: "PAR1".utf8) { return .parquet }
    if bytes.starts(with: "ARROW1".utf8) { return .arrow }
    if bytes.first == UInt8(ascii: "{") { return .json }
    return nil
  }
}
