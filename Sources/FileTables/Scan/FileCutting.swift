/// Which files can be read from their middle on, so that several readers share one.
package struct FileCutting: Sendable {
  private let format: FileFormat
  /// Whether the options say that the bytes do not tell by themselves where a row begins.
  private let isWhole: Bool

  /// Ends of names that tell of compressions: bytes from the middle of such a file say nothing.
  private static let compressed: Set<String> = [
    "gz", "gzip", "bz2", "zst", "zstd", "lz4", "br", "deflate",
  ]

  /// - Parameter options: Spark's, by Spark's names.
  package init(_ format: FileFormat, options: [String: String]) {
    self.init(format, FileOptions(options))
  }

  init(_ format: FileFormat, _ options: FileOptions) {
    self.format = format
    // A newline within quotes ends the record, as in Spark, unless multiLine says that it does not: only who
    // reads from the beginning knows then whether it is within quotes.
    let name = format == .text ? "wholetext" : "multiLine"
    // What makes no sense is refused where the file is read.
    isWhole = (try? options.boolean(name, default: false)) ?? true
  }

  /// Whether that is so of the file at `path`.
  package func allows(_ path: String) -> Bool {
    switch format {
    case .parquet: true
    case .csv, .json, .text: !isWhole && !Self.compressed.contains(PathNames.ending(path))
    // A stream of Arrow has no index, and in a file the batches are few.
    case .arrow, .binary: false
    }
  }
}
