package import ArrowIPC

extension ArrowColumn {
  /// The rows at `positions`, which ascend; runs of neighbours are copied at once.
  func selecting(_ positions: [Int]) throws -> ArrowColumn {
    if positions.isEmpty { return slice(0..<0) }
    if positions.count == count { return self }
    var parts: [ArrowColumn] = []
    var run = positions[0]..<positions[0]
    for position in positions {
      if position != run.upperBound {
        parts.append(slice(run))
        run = position..<position
      }
      run = run.lowerBound..<position + 1
    }
    parts.append(slice(run))
    return try .concatenating(parts)
  }

  /// The rows of this column at `positions` of `count` rows, the others null.
  func scattered(to positions: [Int], count: Int) throws -> ArrowColumn {
    if positions.count == count { return self }
    // As many nulls as stand together somewhere.
    let places = [-1] + positions + [count]
    let longest = zip(places, places.dropFirst()).map { $1 - $0 - 1 }.max() ?? 0
    let nulls = try ArrowColumn([ArrowValue](repeating: .null, count: longest), type: type)
    var parts: [ArrowColumn] = []
    var taken = 0
    var end = 0
    while taken < positions.count {
      let first = positions[taken]
      var next = taken
      while next < positions.count, positions[next] == first + next - taken { next += 1 }
      if first > end { parts.append(nulls.slice(0..<first - end)) }
      parts.append(slice(taken..<next))
      end = first + next - taken
      taken = next
    }
    if end < count { parts.append(nulls.slice(0..<count - end)) }
    return try .concatenating(parts)
  }

  /// Whether row `row` is null or holds a null, at whatever depth.
  func holdsNull(_ row: Int) -> Bool {
    if isNull(row) { return true }
    switch type {
    case .list, .largeList, .fixedSizeList, .map:
      let child = children[0]
      return child.mayHoldNulls && valueRange(row).contains { child.holdsNull($0) }
    case .structure: return children.contains { $0.holdsNull(offset + row) }
    case .dictionary: return code(row).map { dictionary[0].isNull($0) } ?? true
    default: return false
    }
  }

  /// Whether some row may be or hold a null; `false` is certain.
  var mayHoldNulls: Bool {
    nullCount > 0 || children.contains(where: \.mayHoldNulls)
      || dictionary.contains(where: \.mayHoldNulls)
  }
}

extension RecordBatch {
  /// The positions of the rows without nulls, or `nil` if that is all of them.
  func rowsWithoutNulls() -> [Int]? {
    guard columns.contains(where: \.mayHoldNulls) else { return nil }
    let kept = (0..<rowCount).filter { row in !columns.contains { $0.holdsNull(row) } }
    return kept.count == rowCount ? nil : kept
  }

  /// The rows at `positions`, which ascend.
  package func selecting(_ positions: [Int]) throws -> RecordBatch {
    try RecordBatch(
      schema: schema, columns: columns.map { try $0.selecting(positions) },
      rowCount: positions.count)
  }
}
