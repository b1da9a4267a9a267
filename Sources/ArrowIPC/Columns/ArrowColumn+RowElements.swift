package import Tensors

extension ArrowColumn {
  /// The innermost elements of a list column of any layout, all rows one after the other, and the
  /// shape of one row; every row is checked.
  ///
  /// Flat lists are put into the wanted shape if they have its number of elements. Nested lists must
  /// have its dimensions (those of size 1 apart): elements of other dimensions would get into other
  /// places than they have in the lists.
  ///
  /// - Parameter wanted: the shape of a row, −1 where open; by default that of the first row.
  /// - Throws: ``ArrowConversionError`` that names the row.
  package func rowElements(_ wanted: Shape?) throws -> (elements: ArrowColumn, rowShape: Shape) {
    let depth = listDepth
    if depth > 1 { return try nestedElements(wanted, depth) }
    if let row = firstNull { throw ArrowConversionError.null(row: row) }
    let perRow = wanted?.elementCount ?? (count == 0 ? 0 : valueRange(0).count)
    let start = try start(ofRowsOf: perRow) { row, found in
      .ragged(row: row, found: found, expected: perRow)
    }
    guard let shape = (wanted ?? [perRow]).filled(by: perRow, isEmpty: count == 0) else {
      throw ArrowConversionError.shape(found: perRow, expected: wanted ?? [perRow])
    }
    return (children[0].slice(start..<start + perRow * count), shape)
  }

  private func nestedElements(
    _ wanted: Shape?, _ depth: Int
  ) throws -> (elements: ArrowColumn, rowShape: Shape) {
    let isAligned = wanted?.rank == depth
    var level = self
    var found: [Int] = []
    for position in 0..<depth {
      let perRow = found.reduce(1, *)
      if let null = level.firstNull {
        if position == 0 { throw ArrowConversionError.null(row: null) }
        throw ArrowConversionError.nullElement(row: null / perRow, index: null % perRow)
      }
      let declared = isAligned ? wanted.map { $0[position] } : nil
      let width: Int
      if let declared, declared >= 0 {
        width = declared
      } else {
        width = level.count == 0 ? 0 : level.valueRange(0).count
      }
      let start = try level.start(ofRowsOf: width) { list, length in
        mismatch(row: list / perRow, position == 0 ? nil : (length, width), wanted)
      }
      level = level.children[0].slice(start..<start + width * level.count)
      found.append(width)
    }
    guard let wanted else { return (level, Shape(found)) }
    if isAligned || count == 0 { return (level, isAligned ? Shape(found) : wanted.closed) }
    if wanted.isDynamic || wanted.filter({ $0 != 1 }) != found.filter({ $0 != 1 }) {
      throw ArrowConversionError.dimensions(row: 0, found: Shape(found), expected: wanted)
    }
    return (level, wanted)
  }

  /// The error for row `row`, whose dimensions are not the wanted ones or those of the first row.
  private func mismatch(
    row: Int, _ lengths: (found: Int, expected: Int)?, _ wanted: Shape?
  ) -> ArrowConversionError {
    guard let found = dimensions(ofRow: row) else {
      let (found, expected) = differingLengths(ofRow: row) ?? lengths ?? (0, 0)
      return .jagged(row: row, found: found, expected: expected)
    }
    let expected = wanted.flatMap { $0.isDynamic && row > 0 ? nil : $0 }
    return .dimensions(
      row: row, found: found, expected: expected ?? dimensions(ofRow: 0) ?? wanted ?? [])
  }

  /// How many lists are within each other.
  private var listDepth: Int {
    var depth = 0
    var type = type
    while let element = type.listElement {
      depth += 1
      type = element.type
    }
    return depth
  }

  /// The dimensions of a row of nested lists; `nil` if lists within it differ in length.
  private func dimensions(ofRow row: Int) -> Shape? {
    let range = valueRange(row)
    guard type.listElement?.type.listElement != nil else { return [range.count] }
    var inner: Shape?
    for position in range {
      guard !children[0].isNull(position),
        let found = children[0].dimensions(ofRow: position), inner == nil || inner == found
      else { return nil }
      inner = found
    }
    return Shape([range.count] + (inner ?? [0]))
  }

  /// Two lengths of lists side by side that differ.
  private func differingLengths(ofRow row: Int) -> (found: Int, expected: Int)? {
    guard type.listElement?.type.listElement != nil else { return nil }
    let range = valueRange(row)
    for position in range {
      let (first, length) = (
        children[0].valueRange(range.lowerBound).count, children[0].valueRange(position).count
      )
      if first != length { return (length, first) }
    }
    return range.lazy.compactMap { children[0].differingLengths(ofRow: $0) }.first
  }

  /// Where the elements of lists that all have `width` elements begin.
  private func start(
    ofRowsOf width: Int, else mismatch: (_ row: Int, _ found: Int) -> ArrowConversionError
  ) throws -> Int {
    if count == 0 { return 0 }
    func check<Offset: FixedWidthInteger & BitwiseCopyable>(_: Offset.Type) throws {
      try buffers[0].withElements(of: Offset.self) { offsets in
        var differs = false
        for row in offset..<offset + count {
          differs = differs || Int(offsets[row + 1] - offsets[row]) != width
        }
        if !differs { return }
        for row in 0..<count where valueRange(row).count != width {
          throw mismatch(row, valueRange(row).count)
        }
      }
    }
    switch type {
    case .largeList: try check(Int64.self)
    case .fixedSizeList(_, let found): if found != width { throw mismatch(0, found) }
    default: try check(Int32.self)
    }
    return valueRange(0).lowerBound
  }
}

extension Shape {
  /// The shape with its open dimension as `count` elements make it; `nil` if they do not fill it.
  ///
  /// - Parameter isEmpty: whether there is no row to tell, so that an open dimension becomes 0.
  package func filled(by count: Int, isEmpty: Bool = false) -> Shape? {
    if isEmpty { return closed }
    var shape = self
    let open = indices.filter { self[$0] < 0 }
    if open.count == 1 {
      let known = Shape(filter { $0 >= 0 }).elementCount ?? 0
      shape[open[0]] = known == 0 ? 0 : count / known
    }
    return shape.elementCount == count ? shape : nil
  }

  /// The shape with 0 for all that is open.
  fileprivate var closed: Shape { Shape(map { Swift.max($0, 0) }) }
}
