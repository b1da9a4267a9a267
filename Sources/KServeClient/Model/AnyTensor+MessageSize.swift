import Tensors

extension AnyTensor {
  /// The bytes that rows `range` have in a message.
  func wireByteCount(_ range: Range<Int>) -> Int {
    let perRow = Shape(Array(shape.dimensions.dropFirst())).elementCount ?? 0
    if case .string(let strings) = self {
      let (first, end) = (range.lowerBound * perRow, range.upperBound * perRow)
      return strings.offsets[end] - strings.offsets[first] + 4 * (end - first)
    }
    return range.count * perRow * (elementType.byteCount ?? 0)
  }
}
