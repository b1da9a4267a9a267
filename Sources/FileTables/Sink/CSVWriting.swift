import SparkTypes

/// Spark's options of CSV that is written.
struct CSVWriting: Sendable {
  var delimiter = UInt8(ascii: ",")
  var quote = UInt8(ascii: "\"")
  var escape = UInt8(ascii: "\\")
  var hasHeader = false
  var quotesAll = false
  /// Whether values with quotes in them are quoted.
  var escapesQuotes = true
  var trimsLeading = true
  var trimsTrailing = true
  var nullValue: [UInt8] = []
  var emptyValue: [UInt8] = Array("\"\"".utf8)

  init() {}

  init(_ options: FileOptions, isTabbed: Bool) throws(FileTableError) {
    try MalformedMode.checkText(options, of: "CSV")
    try options.refuse(["charToEscapeQuoteEscaping"], of: "CSV")
    guard
      let delimiter = try options.character(
        "sep", "delimiter", default: isTabbed ? UInt8(ascii: "\t") : self.delimiter),
      let quote = try options.character("quote", default: quote),
      let escape = try options.character("escape", default: escape)
    else {
      throw FileTableError(
        .invalidOption, "one of the options sep, quote and escape is empty; CSV is written with all"
      )
    }
    self.delimiter = delimiter
    self.quote = quote
    self.escape = escape
    hasHeader = try options.boolean("header", default: false)
    quotesAll = try options.boolean("quoteAll", default: false)
    escapesQuotes = try options.boolean("escapeQuotes", default: true)
    trimsLeading = try options.boolean("ignoreLeadingWhiteSpace", default: true)
    trimsTrailing = try options.boolean("ignoreTrailingWhiteSpace", default: true)
    nullValue = options.text("nullValue").map { Array($0.utf8) } ?? []
    emptyValue = options.text("emptyValue").map { Array($0.utf8) } ?? emptyValue
  }

  /// Refuses types that have no form in CSV.
  static func check(_ field: StructField) throws(FileTableError) {
    switch field.type {
    case .boolean, .byte, .short, .integer, .long, .float, .double, .decimal, .date, .timestamp,
      .timestampNTZ, .null:
      return
    case let type where type.isString: return
    default:
      throw FileTableError(
        .schema,
        "the column '\(field.name)' is \(field.type), which CSV does not have; leave it out, make it a "
          + "string, or write parquet or json")
    }
  }

  /// Appends a value with the quotes that it needs.
  func append(_ value: some Collection<UInt8>, to text: inout [UInt8]) {
    var value = value[...]
    if trimsLeading { value = value.drop { $0 <= 0x20 } }
    if trimsTrailing {
      let end = value.indices.reversed().first { value[$0] > 0x20 }
      value = end.map { value[...$0] } ?? value.prefix(0)
    }
    if value.isEmpty {
      if quotesAll, emptyValue == [quote, quote] || emptyValue.isEmpty {
        text += [quote, quote]
      } else {
        text += emptyValue
      }
      return
    }
    let isQuoted =
      quotesAll || value.first == quote || value.first == UInt8(ascii: "#")
      || value.contains {
        $0 == delimiter || $0 == 0x0A || $0 == 0x0D || escapesQuotes && $0 == quote
      }
    guard isQuoted else {
      text.append(contentsOf: value)
      return
    }
    text.append(quote)
    for byte in value {
      if byte == quote || byte == escape { text.append(escape) }
      text.append(byte)
    }
    text.append(quote)
  }

  func appendNull(to text: inout [UInt8]) {
    if quotesAll {
      text.append(quote)
      text += nullValue
      text.append(quote)
    } else {
      text += nullValue
    }
  }
}
