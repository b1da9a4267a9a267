import ArrowIPC
import FileTables

/// Values as Spark shows them: what `cast(... as string)` gives.
enum ValueText {
  static func text(_ column: ArrowColumn, _ row: Int) -> String {
    if column.isNull(row) { return "NULL" }
    switch column.type {
    case .binary, .largeBinary, .binaryView, .fixedSizeBinary:
      return column.withBytes(row) { bytes in
        "["
          + bytes.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
          }.joined(separator: " ") + "]"
      }
    case .list, .largeList, .fixedSizeList:
      let elements = column.children[0]
      return "[" + column.valueRange(row).map { text(elements, $0) }.joined(separator: ", ") + "]"
    case .structure:
      return "{"
        + column.children.map { text($0, column.offset + row) }.joined(separator: ", ") + "}"
    case .map:
      let entries = column.children[0]
      return "{"
        + column.valueRange(row).map { entry in
          let place = entries.offset + entry
          return "\(text(entries.children[0], place)) -> \(text(entries.children[1], place))"
        }.joined(separator: ", ") + "}"
    case .timestamp(_, let zone?):
      return SparkText.plain(column, row, zone: (try? ZoneRules.named(zone)) ?? .current) ?? "NULL"
    default: return SparkText.plain(column, row, zone: .current) ?? "\(column.value(at: row))"
    }
  }
}
