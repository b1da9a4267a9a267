import ArrowIPC
import HostProcesses
import SparkTypes

/// Rows as a table of text, as Spark's `show` draws it.
struct TableText {
  let schema: StructType
  /// Values longer than this are cut (0: never); then values stand at the left.
  var truncate = 20

  /// The first `count` rows of `batches`.
  func text(_ batches: [RecordBatch], rows count: Int) -> String {
    var lines = [schema.names.map { plain($0) }]
    for batch in batches {
      for row in 0..<min(batch.rowCount, count - lines.count + 1) {
        lines.append(
          zip(batch.columns, schema.fields).map { column, field in
            cut(plain(ValueText.text(column, row, field.type)))
          })
      }
    }
    let widths = schema.indices.map { column in
      max(3, lines.map { TextWidth.of($0[column]) }.max() ?? 0)
    }
    let rule = "+" + widths.map { String(repeating: "-", count: $0) + "+" }.joined() + "\n"
    func drawn(_ cells: [String]) -> String {
      "|" + zip(cells, widths).map { padded($0, $1) + "|" }.joined() + "\n"
    }
    var text = rule + drawn(lines[0]) + rule
    for line in lines.dropFirst() { text += drawn(line) }
    text += rule
    if batches.reduce(0, { $0 + $1.rowCount }) > count {
      text += "only showing top \(count) \(count == 1 ? "row" : "rows")\n"
    }
    return text
  }

  /// Characters that would break the table's lines.
  private func plain(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value < 0x20 }) else { return text }
    let escapes: [Unicode.Scalar: String] = [
      "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u{c}": "\\f", "\u{8}": "\\b", "\u{b}": "\\v",
      "\u{7}": "\\a",
    ]
    return text.unicodeScalars.map { escapes[$0] ?? String($0) }.joined()
  }

  private func cut(_ text: String) -> String {
    guard truncate > 0, text.count > truncate else { return text }
    if truncate < 4 { return String(text.prefix(truncate)) }
    return text.prefix(truncate - 3) + "..."
  }

  private func padded(_ text: String, _ width: Int) -> String {
    let blanks = String(repeating: " ", count: max(0, width - TextWidth.of(text)))
    return truncate > 0 ? blanks + text : text + blanks
  }
}
