/// Spark's options of JSON lines that are read.
struct JSONOptions: Sendable {
  var mode = MalformedMode.permissive
  var primitivesAsString = false
  var prefersDecimal = false
  /// The column that has the text of what is no record, if the schema has it.
  static let corruptColumn = "_corrupt_record"

  init() {}

  init(_ options: FileOptions) throws(FileTableError) {
    try MalformedMode.checkText(options, of: "JSON")
    try options.refuse(
      [
        "allowComments", "allowUnquotedFieldNames", "allowSingleQuotes", "allowNumericLeadingZeros",
        "allowNonNumericNumbers", "allowBackslashEscapingAnyCharacter", "allowUnquotedControlChars",
        "dropFieldIfAllNull", "inferTimestamp",
      ], of: "JSON")
    if try options.boolean("multiLine", default: false) {
      throw FileTableError(
        .unsupported,
        "JSON over several lines (multiLine) is not read here; use Spark (--engine spark), or write "
          + "one object a line")
    }
    mode = try MalformedMode(options)
    primitivesAsString = try options.boolean("primitivesAsString", default: false)
    prefersDecimal = try options.boolean("prefersDecimal", default: false)
  }
}
