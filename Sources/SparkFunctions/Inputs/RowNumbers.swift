/// The numbers within the partition of the rows of one batch, for messages.
public struct RowNumbers: Sendable {
  /// The number of the batch's first row, skipped rows included.
  let start: Int
  /// The positions of the rows that are left when some were skipped.
  let kept: [Int]?

  init(start: Int = 0, kept: [Int]? = nil) {
    self.start = start
    self.kept = kept
  }

  /// The number of row `row` of the batch.
  public subscript(row: Int) -> Int {
    guard let kept else { return start + row }
    return start + (kept.indices.contains(row) ? kept[row] : row)
  }

  /// The row of the batch that has a number.
  func row(numbered number: Int) -> Int {
    guard let kept else { return number - start }
    // They ascend.
    var range = kept.indices
    while range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      range =
        kept[middle] <= number - start
        ? middle..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }

  /// The numbers of the rows in `range` of the batch.
  func part(_ range: Range<Int>) -> RowNumbers {
    guard let kept else { return RowNumbers(start: start + range.lowerBound) }
    return RowNumbers(start: start, kept: Array(kept[range]))
  }

  /// The numbers of the rows at `positions` of the batch, which ascend.
  func selecting(_ positions: [Int]) -> RowNumbers {
    RowNumbers(start: start, kept: positions.map { self[$0] - start })
  }
}
