import ArrowIPC
import Tensors

/// A cast of numbers to a declared type, checked where numbers may not fit.
struct NumericCast {
  let request: OutputRequest
  /// The number of elements in a row, to name the row of a number that does not fit.
  let perRow: Int

  func failure(_ value: String, at index: Int, _ type: ElementType) -> InferenceError {
    request.failure(
      "\(value) does not fit the declared type \(request.type) (\(type)); declare a wider type",
      row: perRow == 0 ? 0 : index / perRow)
  }
}

/// A tensor of numbers of whatever type; only ``Tensor`` conforms.
protocol NumericTensor {
  func cast<Target: NumericTensorElement>(
    to: Target.Type, _ cast: NumericCast
  ) throws -> ArrowColumn
}

extension Tensor: NumericTensor where Element: NumericTensorElement {
  func cast<Target: NumericTensorElement>(
    to target: Target.Type, _ cast: NumericCast
  ) throws -> ArrowColumn {
    if let same = self as? Tensor<Target> { return ArrowColumn(same) }
    if let unsigned = self as? Tensor<UInt64>, Target.self == Int64.self {
      // By way of doubles, which conversions take, large numbers would lose digits.
      return ArrowColumn(try unsigned.signed(cast))
    }
    if Target.self is any FixedWidthInteger.Type { try checkRange(of: Target.self, cast) }
    return ArrowColumn(converted(to: Target.self))
  }

  /// Makes sure that all numbers lie within the range of an integer type.
  private func checkRange<Target: NumericTensorElement>(
    of: Target.Type, _ cast: NumericCast
  ) throws {
    let lowest = Target(converting: -Double.infinity).doubleValue
    // The greatest Int64 is 2^63 as a double, which does not fit.
    let highest = Target(converting: Double.infinity).doubleValue
    let isWide = MemoryLayout<Target>.size == 8
    let isInteger = !Element.elementType.isFloatingPoint
    if isInteger, isWide { return }
    try withUnsafeBufferPointer { elements in
      for (index, element) in elements.enumerated() {
        let value = element.doubleValue.rounded(.towardZero)
        let fits = value >= lowest && (isWide ? value < highest : value <= highest)
        if !fits { throw cast.failure("\(element)", at: index, Target.elementType) }
      }
    }
  }
}

extension Tensor where Element == UInt64 {
  fileprivate func signed(_ cast: NumericCast) throws -> Tensor<Int64> {
    try Tensor<Int64>(shape: shape) { output in
      try withUnsafeBufferPointer { elements in
        for (index, element) in elements.enumerated() {
          guard let value = Int64(exactly: element) else {
            throw cast.failure("\(element)", at: index, .int64)
          }
          output.initializeElement(at: index, to: value)
        }
      }
    }
  }
}
