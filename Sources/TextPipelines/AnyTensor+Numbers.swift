import Tensors

extension AnyTensor {
  /// Whole numbers as `type`, exactly; `nil` for a type that token ids do not come in.
  static func integers(
    _ tensor: Tensor<Int64>, as type: ElementType
  ) throws(InexactNumber) -> AnyTensor? {
    switch type {
    case .int64: return .int64(tensor)
    case .int32: return .int32(try tensor.converted(to: Int32.self))
    case .bool: return .bool(tensor.map { $0 != 0 })
    case .float32: return .float32(try rounded(tensor))
    case .float16: return .float16(try rounded(tensor))
    default: return nil
    }
  }

  /// Whole numbers as floating-point numbers that are the same.
  private static func rounded<Element: NumericTensorElement>(
    _ tensor: Tensor<Int64>
  ) throws(InexactNumber) -> Tensor<Element> {
    let result = try tensor.converted(to: Element.self)
    let (numbers, rounded) = (tensor.scalars, result.scalars)
    for (index, number) in numbers.enumerated()
    where Int64(exactly: rounded[index].doubleValue) != number {
      throw InexactNumber(
        index: index, value: "\(number)", elementType: Element.elementType, isFraction: false)
    }
    return result
  }
}
