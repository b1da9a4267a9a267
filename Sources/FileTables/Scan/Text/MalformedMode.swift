/// What happens to rows of text that are not as they should be: Spark's option `mode`.
enum MalformedMode: String, Sendable {
  /// What cannot be read is null.
  case permissive
  /// The row is left out.
  case dropMalformed
  /// The first one is an error.
  case failFast

  init(_ options: FileOptions) throws(FileTableError) {
    switch options.text("mode")?.lowercased() {
    case nil, "permissive": self = .permissive
    case "dropmalformed": self = .dropMalformed
    case "failfast": self = .failFast
    case let other?:
      throw FileTableError(
        .invalidOption,
        "the option mode is '\(other)', not PERMISSIVE, DROPMALFORMED or FAILFAST")
    }
  }

  /// The options of text that make other values of it, which only Spark knows.
  static func checkText(_ options: FileOptions, of format: String) throws(FileTableError) {
    try options.refuse(
      [
        "dateFormat", "timestampFormat", "timestampNTZFormat", "locale", "samplingRatio",
        "columnNameOfCorruptRecord", "singleVariantColumn",
      ], of: format)
    if let encoding = options.text("encoding", "charset"),
      !["utf-8", "utf8", "us-ascii", "ascii"].contains(encoding.lowercased())
    {
      throw FileTableError(
        .unsupported,
        "the encoding '\(encoding)' of \(format) is not read here, only UTF-8; use Spark "
          + "(--engine spark), or convert the files")
    }
    if let separator = options.text("lineSep"), separator != "\n", separator != "\\n" {
      throw FileTableError(
        .unsupported,
        "the option lineSep of \(format) is not one of this engine's; use Spark (--engine spark)")
    }
  }
}
