package import ArrowIPC

/// Values as JSON in Spark's form: that of its files and of `to_json`.
package struct SparkJSON {
  /// The zone in which instants are shown.
  let zone: ZoneRules
  /// Whether fields that are null are left out.
  let ignoresNulls: Bool

  package init(zone: ZoneRules, ignoresNulls: Bool = true) {
    self.zone = zone
    self.ignoresNulls = ignoresNulls
  }

  /// The values of a column as strings, null where they are.
  package func column(_ column: ArrowColumn) -> ArrowColumn {
    .strings(
      (0..<column.count).map { row in
        if column.isNull(row) { return nil }
        var text: [UInt8] = []
        append(column, row, to: &text)
        return String(decoding: text, as: UTF8.self)
      })
  }

  func object(
    _ fields: [ArrowField], _ columns: [ArrowColumn], _ row: Int, to text: inout [UInt8]
  ) {
    text.append(UInt8(ascii: "{"))
    var isFirst = true
    for (field, column) in zip(fields, columns) {
      if ignoresNulls, column.isNull(row) { continue }
      if !isFirst { text.append(UInt8(ascii: ",")) }
      isFirst = false
      Self.append(field.name, to: &text)
      text.append(UInt8(ascii: ":"))
      append(column, row, to: &text)
    }
    text.append(UInt8(ascii: "}"))
  }

  package func append(_ column: ArrowColumn, _ row: Int, to text: inout [UInt8]) {
    if column.isNull(row) {
      text += "null".utf8
      return
    }
    switch column.type {
    case .structure(let fields):
      object(fields, column.children, column.offset + row, to: &text)
    case .list, .largeList, .fixedSizeList:
      text.append(UInt8(ascii: "["))
      for (index, element) in column.valueRange(row).enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        append(column.children[0], element, to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .map:
      let entries = column.children[0]
      text.append(UInt8(ascii: "{"))
      for (index, entry) in column.valueRange(row).enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        Self.append(key(entries.children[0].value(at: entries.offset + entry)), to: &text)
        text.append(UInt8(ascii: ":"))
        append(entries.children[1], entries.offset + entry, to: &text)
      }
      text.append(UInt8(ascii: "}"))
    case .float32, .float64:
      let number = SparkText.plain(column, row, zone: zone) ?? ""
      // JSON has no words for what is no number.
      if number.hasSuffix("N") || number.hasSuffix("y") {
        text += "\"\(number)\"".utf8
      } else {
        text += number.utf8
      }
    case .bool, .int8, .int16, .int32, .int64, .decimal:
      text += (SparkText.plain(column, row, zone: zone) ?? "null").utf8
    case .binary, .largeBinary:
      text.append(UInt8(ascii: "\""))
      text += SparkText.base64(column.withBytes(row) { Array($0) }).utf8
      text.append(UInt8(ascii: "\""))
    default: Self.append(SparkText.plain(column, row, zone: zone) ?? "", to: &text)
    }
  }

  /// A map's key as Spark writes it: what it holds within, so that days and microseconds are numbers.
  private func key(_ value: ArrowValue) -> String {
    switch value {
    case .string(let text): text
    case .int(let number): String(number)
    case .float(let number): SparkText.number(number)
    case .bool(let value): value ? "true" : "false"
    case .decimal(let number): number.description
    default: "\(value)"
    }
  }

  /// A string with the escapes that Spark writes.
  static func append(_ string: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): text += "\\\"".utf8
      case UInt8(ascii: "\\"): text += "\\\\".utf8
      case 0x08: text += "\\b".utf8
      case 0x0C: text += "\\f".utf8
      case 0x0A: text += "\\n".utf8
      case 0x0D: text += "\\r".utf8
      case 0x09: text += "\\t".utf8
      case 0..<0x20:
        text += "\\u00".utf8
        text += (byte < 0x10 ? "0" : "").utf8
        text += String(byte, radix: 16, uppercase: true).utf8
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}
