import ArrowIPC
import FileTables
import SparkTypes

/// Values as Spark shows them: what `cast(... as string)` gives.
enum ValueText {
  /// - Parameter type: the column's in Spark, which tells vectors of Spark ML from structs.
  static func text(_ column: ArrowColumn, _ row: Int, _ type: DataType?) -> String {
    if column.isNull(row) { return "NULL" }
    if case .userDefined(let known)? = type, known.isVector,
      let text = vector(column.value(at: row))
    {
      return text
    }
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
      return "["
        + column.valueRange(row).map { text(elements, $0, type?.arrayElement) }
        .joined(separator: ", ") + "]"
    case .structure:
      return "{"
        + column.children.enumerated().map { index, child in
          text(child, column.offset + row, type?.fieldType(index))
        }.joined(separator: ", ") + "}"
    case .map:
      let entries = column.children[0]
      return "{"
        + column.valueRange(row).map { entry in
          let place = entries.offset + entry
          return
            "\(text(entries.children[0], place, nil)) -> \(text(entries.children[1], place, nil))"
        }.joined(separator: ", ") + "}"
    case .timestamp(_, let zone?):
      return SparkText.plain(column, row, zone: (try? ZoneRules.named(zone)) ?? .current) ?? "NULL"
    default: return SparkText.plain(column, row, zone: .current) ?? "\(column.value(at: row))"
    }
  }

  /// A vector as Spark ML writes it: `[0.5,1.0]`, or `(3,[1],[0.5])` if it is sparse.
  private static func vector(_ value: ArrowValue) -> String? {
    func list(_ value: ArrowValue) -> String? {
      guard case .list(let elements) = value else { return nil }
      let texts = elements.map { element in
        switch element {
        case .float(let number): SparkText.number(number)
        case .int(let number): String(number)
        default: "NULL"
        }
      }
      return "[" + texts.joined(separator: ",") + "]"
    }
    guard case .structure(let parts) = value, parts.count == 4, let values = list(parts[3]) else {
      return nil
    }
    if parts[0] == .int(1) { return values }
    guard case .int(let size) = parts[1], let indices = list(parts[2]) else { return nil }
    return "(\(size),\(indices),\(values))"
  }
}

extension DataType {
  /// The type of the field at a position, of structs.
  fileprivate func fieldType(_ index: Int) -> DataType? {
    guard case .struct(let fields) = self, fields.indices.contains(index) else { return nil }
    return fields[index].type
  }
}
