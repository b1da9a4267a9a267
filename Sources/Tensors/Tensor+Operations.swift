extension Tensor {
  /// A tensor of the same shape with each element transformed.
  public func map<Other: TensorElement>(_ transform: (Element) throws -> Other) rethrows
    -> Tensor<Other>
  {
    try Tensor<Other>(shape: shape) { output in
      try withUnsafeBufferPointer { input in
        for index in input.indices {
          output.initializeElement(at: index, to: try transform(input[index]))
        }
      }
    }
  }

  /// The tensors one after the other along the first dimension.
  ///
  /// - Throws: ``TensorError`` when there is none or the shapes of their rows differ.
  public static func concatenating(_ parts: [Tensor]) throws -> Tensor {
    guard let first = parts.first else { throw TensorError("no tensors to concatenate") }
    if parts.count == 1 { return first }
    for part in parts where part.rank == 0 || part.shape.rowShape != first.shape.rowShape {
      throw TensorError(
        "tensors of shapes \(first.shape) and \(part.shape) cannot be concatenated along rows")
    }
    return try AnyTensor.joiningRows(parts.map { AnyTensor($0) }).typed()
  }
}

extension Tensor where Element: Comparable {
  /// For each row, the index of its greatest element (the first one among equals): `[rows, n]`
  /// gives `rows` indices.
  public func argmax() -> [Int] {
    let width = rowStride
    precondition(width > 0 || rowCount == 0, "argmax over no elements, shape \(shape)")
    return withUnsafeBufferPointer { elements in
      (0..<rowCount).map { row in
        let start = row * width
        var best = start
        for index in start..<start + width where elements[index] > elements[best] { best = index }
        return best - start
      }
    }
  }
}

extension Tensor where Element == Float {
  /// The softmax of each row: `[rows, n]` to `[rows, n]`, each row adding up to 1.
  public func softmax() -> Tensor { softmax(exponential) }
}

extension Tensor where Element == Double {
  /// The softmax of each row: `[rows, n]` to `[rows, n]`, each row adding up to 1.
  public func softmax() -> Tensor { softmax(exponential) }
}

extension Tensor where Element: BinaryFloatingPoint {
  /// - Parameter power: e raised to a number.
  @inline(__always)
  fileprivate func softmax(_ power: (Element) -> Element) -> Tensor {
    let width = rowStride
    return Tensor(shape: shape) { output in
      withUnsafeBufferPointer { input in
        for row in 0..<(width == 0 ? 0 : rowCount) {
          let elements = UnsafeBufferPointer(rebasing: input[row * width..<(row + 1) * width])
          let greatest = elements.max() ?? 0
          var sum: Element = 0
          for (index, element) in elements.enumerated() {
            let share = power(element - greatest)
            output.initializeElement(at: row * width + index, to: share)
            sum += share
          }
          for index in row * width..<(row + 1) * width { output[index] /= sum }
        }
      }
    }
  }
}
