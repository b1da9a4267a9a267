package import Tensors

/// Where the tensors of a sequence have the values of a row: they are put side by side, `[rows, values]`,
/// as what puts rows together, cuts them and compares them knows tensors only.
///
/// A classifier of several things gives `[rows, classes]` for each of them: a row has the classes of the
/// first one, those of the second one, and so on. Other models give a tensor for each row.
package struct SequenceLayout: Sendable, Hashable {
  /// The number of values that each tensor has for a row.
  package let sizes: [Int]

  /// The number of values of a row.
  package var width: Int { sizes.reduce(0, +) }

  /// Puts tensors side by side.
  ///
  /// - Parameters:
  ///   - rows: the number of rows that each of the tensors has.
  ///   - type: what the elements are, if there are no tensors.
  /// - Throws: `TensorError` if their element types differ.
  func joined(_ tensors: [AnyTensor], rows: Int, _ type: ElementType) throws -> AnyTensor {
    let shape: Shape = [rows, width]
    if shape.elementCount == 0 { return try AnyTensor(emptyOf: type, shape: shape) }
    let flat = try AnyTensor.joiningRows(
      tensors.map { try $0.reshaped(to: [$0.shape.elementCount ?? 0]) })
    if rows == 1 || sizes.count == 1 { return try flat.reshaped(to: shape) }
    var positions: [Int] = []
    positions.reserveCapacity(rows * width)
    for row in 0..<rows {
      var start = 0
      for size in sizes {
        positions += start + row * size..<start + (row + 1) * size
        start += rows * size
      }
    }
    return try flat.gathering(positions).reshaped(to: shape)
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

/// What the tensors of a sequence may be.
struct SequenceReading: Hashable {
  let layout: SequenceLayout
  let rows: Int

  /// The readings of tensors that a run gave, the likeliest first.
  ///
  /// - Parameter counts: the first dimensions of the run's inputs, of which one is the number of rows.
  static func all(of tensors: [AnyTensor], _ counts: Set<Int>) -> [SequenceReading] {
    let sizes = tensors.map { $0.shape.elementCount ?? 0 }
    let first = tensors.first?.shape.first
    var readings: [SequenceReading] = []
    if let first, tensors.allSatisfy({ $0.shape.first == first }) {
      let parts = tensors.map { $0.shape.rowShape.elementCount ?? 0 }
      readings.append(SequenceReading(layout: SequenceLayout(sizes: parts), rows: first))
    }
    if counts.contains(tensors.count), let size = sizes.first, sizes.allSatisfy({ $0 == size }) {
      // A tensor for each row.
      let each = SequenceReading(layout: SequenceLayout(sizes: [size]), rows: tensors.count)
      let isSure = first.map { !counts.contains($0) } ?? true
      if isSure { readings = [each] } else if !readings.contains(each) { readings.append(each) }
    }
    // Else they are all that a single row has.
    return readings.isEmpty
      ? [SequenceReading(layout: SequenceLayout(sizes: sizes), rows: 1)] : readings
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
