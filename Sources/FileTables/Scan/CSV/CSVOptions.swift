/// Spark's options of CSV that is read.
struct CSVOptions: Sendable {
  var delimiter = UInt8(ascii: ",")
  /// 0: no quoting.
  var quote = UInt8(ascii: "\"")
  /// 0: no escaping.
  var escape = UInt8(ascii: "\\")
  /// What stands before an escape that stands for itself, within quotes.
  var escapeEscape = UInt8(ascii: "\\")
  var comment: UInt8?
  var hasHeader = false
  var infersSchema = false
  var isMultiLine = false
  var trimsLeading = false
  var trimsTrailing = false
  var prefersDate = true
  /// What stands for null.
  var nullValue: [UInt8] = []
  /// What an empty quoted value becomes.
  var emptyValue: [UInt8] = []
  var notANumber = "NaN"
  var positiveInfinity = "Inf"
  var negativeInfinity = "-Inf"
  var mode = MalformedMode.permissive

  init() {}

  init(_ options: FileOptions, isTabbed: Bool) throws(FileTableError) {
    try MalformedMode.checkText(options, of: "CSV")
    try options.refuse(["unescapedQuoteHandling", "maxCharsPerColumn"], of: "CSV")
    guard
      let delimiter = try options.character(
        "sep", "delimiter", default: isTabbed ? UInt8(ascii: "\t") : self.delimiter)
    else { throw FileTableError(.invalidOption, "the option sep is empty") }
    self.delimiter = delimiter
    quote = try options.character("quote", default: quote) ?? 0
    escape = try options.character("escape", default: escape) ?? 0
    escapeEscape =
      try options.character("charToEscapeQuoteEscaping", default: escape == quote ? 0 : escape) ?? 0
    comment = try options.character("comment", default: nil)
    hasHeader = try options.boolean("header", default: false)
    infersSchema = try options.boolean("inferSchema", default: false)
    isMultiLine = try options.boolean("multiLine", default: false)
    trimsLeading = try options.boolean("ignoreLeadingWhiteSpace", default: false)
    trimsTrailing = try options.boolean("ignoreTrailingWhiteSpace", default: false)
    prefersDate = try options.boolean("preferDate", default: true)
    nullValue = options.text("nullValue").map { Array($0.utf8) } ?? []
    emptyValue = options.text("emptyValue").map { Array($0.utf8) } ?? []
    notANumber = options.text("nanValue") ?? notANumber
    positiveInfinity = options.text("positiveInf") ?? positiveInfinity
    negativeInfinity = options.text("negativeInf") ?? negativeInfinity
    mode = try MalformedMode(options)
  }

  /// The number that a word stands for.
  func special(_ text: String) -> Double? {
    switch text {
    case notANumber: .nan
    case positiveInfinity: .infinity
    case negativeInfinity: -.infinity
    default: nil
    }
  }
}
