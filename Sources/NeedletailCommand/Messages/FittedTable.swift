import Needletail

/// A table as text, of which only the columns are shown that a terminal has room for.
enum FittedTable {
  /// - Parameters:
  ///   - text: lines as `show` draws them: `+---+`, then `| a|`.
  ///   - width: the columns of the terminal; `nil` where lines have no end.
  static func text(_ text: String, width: Int?) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let width, let rule = lines.first, rule.hasPrefix("+-"), lines.count > 2 else {
      return text
    }
    let cells = rule.split(separator: "+").map(\.count)
    guard cells.reduce(1, { $0 + $1 + 1 }) > width, cells.count > 1 else { return text }
    // The first one is shown however wide it is.
    var (shown, used) = (1, 1 + cells[0] + 1)
    while shown < cells.count, used + cells[shown] + 1 <= width {
      used += cells[shown] + 1
      shown += 1
    }
    let names = cellTexts(lines[1], cells).dropFirst(shown)
    if names.isEmpty { return text }
    var cut = lines.map { line -> String in
      guard line.first == "+" || line.first == "|" else { return line }
      return prefix(of: line, columns: used)
    }
    if cut.last == "" { cut.removeLast() }
    let note =
      "\(names.count) more \(names.count == 1 ? "column" : "columns"): "
      + names.joined(separator: ", ")
    return (cut + TextWidth.wrapped(note, to: width)).joined(separator: "\n") + "\n"
  }

  /// The texts of a line's cells, whose widths are known.
  private static func cellTexts(_ line: String, _ widths: [Int]) -> [String] {
    var rest = Substring(line).dropFirst()
    return widths.map { width in
      let cell = prefix(of: String(rest), columns: width)
      rest = rest.dropFirst(cell.count + 1)
      var text = Substring(cell)
      while text.first == " " { text = text.dropFirst() }
      while text.last == " " { text = text.dropLast() }
      return String(text)
    }
  }

  private static func prefix(of line: String, columns: Int) -> String {
    var (kept, used) = ("", 0)
    for character in line {
      let width = TextWidth.of(String(character))
      if used + width > columns { break }
      kept.append(character)
      used += width
    }
    return kept
  }
}
