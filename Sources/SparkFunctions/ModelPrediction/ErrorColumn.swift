import ArrowIPC

/// The texts that stand beside rows which failed.
final class ErrorColumn {
  /// Nulls, for all batches without such rows.
  private var nulls = ArrowColumn.strings([String?]())

  /// The texts of `count` rows, null in all that are not named.
  func texts(_ faults: [(row: Int, text: String)], count: Int) -> ArrowColumn {
    if faults.isEmpty {
      if nulls.count < count { nulls = .strings([String?](repeating: nil, count: count)) }
      return nulls.slice(0..<count)
    }
    var texts = [String?](repeating: nil, count: count)
    for (row, text) in faults { texts[row] = text }
    return .strings(texts)
  }
}
