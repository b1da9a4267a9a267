package import Tensors

/// Where the tensors of a sequence have the values of a row: they are put side by side, `[rows, values]`,
/// as what puts rows together, cuts them and compares them knows tensors only.
///
/// A classifier of several things gives `[rows, classes]` for each of them: a row has the classes of the
/// first one, those of the second one, and so on.
package struct SequenceLayout: Sendable, Hashable {
  /// The number of values that each tensor has for a row.
  package let sizes: [Int]

  /// The number of values of a row.
  package var width: Int { sizes.reduce(0, +) }

  /// Puts tensors side by side: by rows if all of them have as many, else they are those of one row.
  ///
  /// - Parameter type: what the elements are, if there are no tensors.
  /// - Throws: `TensorError` if their element types differ.
  static func joined(
    _ tensors: [AnyTensor], _ type: ElementType
  ) throws -> (layout: SequenceLayout, values: AnyTensor) {
    let first = tensors.first?.shape.first
    let haveRows = first != nil && tensors.allSatisfy { $0.shape.first == first }
    let rows = haveRows ? first ?? 1 : 1
    let shapes = tensors.map { haveRows ? $0.shape.rowShape : $0.shape }
    let layout = SequenceLayout(sizes: shapes.map { $0.elementCount ?? 0 })
    let shape: Shape = [rows, layout.width]
    if shape.elementCount == 0 { return (layout, try AnyTensor(emptyOf: type, shape: shape)) }
    let flat = try AnyTensor.joiningRows(
      tensors.map { try $0.reshaped(to: [$0.shape.elementCount ?? 0]) })
    if rows == 1 || tensors.count == 1 { return (layout, try flat.reshaped(to: shape)) }
    var positions: [Int] = []
    positions.reserveCapacity(rows * layout.width)
    for row in 0..<rows {
      var start = 0
      for size in layout.sizes {
        positions += start + row * size..<start + (row + 1) * size
        start += rows * size
      }
    }
    return (layout, try flat.gathering(positions).reshaped(to: shape))
  }

  /// The values of each tensor one after the other, for each row, and how many values each has.
  ///
  /// A row that has several rows of the tensors for itself has them in a line in `values`, `[1, …]`.
  func parted(_ values: AnyTensor) throws -> SequenceRows {
    let count = values.shape.elementCount ?? 0
    let own = width > 0 && values.rowCount > 0 ? count / values.rowCount / width : 1
    guard count == values.rowCount * own * width else {
      throw InferenceError(
        .invalidOutput,
        "the tensors of a sequence have \(width) values in a row, and \(count) in \(values.rowCount) rows"
      )
    }
    let rows = SequenceRows(
      rowCount: values.rowCount, sizes: sizes.map { own * $0 },
      values: try values.reshaped(to: [values.rowCount, own * width]))
    if own == 1 || sizes.count == 1 { return rows }
    var positions: [Int] = []
    positions.reserveCapacity(count)
    for row in 0..<values.rowCount {
      var start = row * own * width
      for size in sizes {
        for part in 0..<own { positions += start + part * width..<start + part * width + size }
        start += size
      }
    }
    var parted = rows
    parted.values = try values.reshaped(to: [count]).gathering(positions)
      .reshaped(to: rows.values.shape)
    return parted
  }
}

/// The values of the tensors of a sequence for each row.
package struct SequenceRows: Sendable {
  package let rowCount: Int
  /// The number of values of each tensor for a row.
  package let sizes: [Int]
  /// `[rows, values]`: those of the first tensor, of the second one, and so on.
  package fileprivate(set) var values: AnyTensor
}
