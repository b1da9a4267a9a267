public import Tensors

/// Compares what a model gives for a row alone with what it gives for it among others.
public enum RowComparison {
  /// The greatest difference that rounding explains, as a share of the greatest number around: other
  /// numbers of rows are multiplied in another order, by other kernels, and models that are quantized at
  /// run time choose their scale by all rows.
  static func tolerance(_ type: ElementType) -> Double { type == .bfloat16 ? 0.05 : 0.02 }

  /// How the results of a row differ: its elements alone, and among others.
  ///
  /// Floating-point numbers, and those of 8 bits that they are quantized to, may differ by what rounding
  /// explains; all others must be equal.
  ///
  /// - Parameters:
  ///   - alone: what the row gives when it runs alone.
  ///   - joined: what it gives among others: as many elements, in whatever shape.
  /// - Returns: `nil` if they agree.
  public static func difference(alone: AnyTensor, joined: AnyTensor) -> String? {
    if alone.elementType != joined.elementType || alone.elementCount != joined.elementCount {
      return
        "\(alone.elementType)\(alone.shape) alone, \(joined.elementType)\(joined.shape) in a batch"
    }
    let differ: Bool
    switch (alone, joined) {
    case (.string(let left), .string(let right)):
      differ =
        left.bytes != right.bytes
        || left.offsets != right.offsets
    case (.float16(let left), .float16(let right)): differ = !isClose(left, right)
    case (.bfloat16(let left), .bfloat16(let right)): differ = !isClose(left, right)
    case (.float32(let left), .float32(let right)): differ = !isClose(left, right)
    case (.float64(let left), .float64(let right)): differ = !isClose(left, right)
    case (.int8(let left), .int8(let right)): differ = !isClose(left, right)
    case (.uint8(let left), .uint8(let right)): differ = !isClose(left, right)
    default:
      let flat: Shape = [alone.elementCount]
      guard let left = try? alone.reshaped(to: flat), let right = try? joined.reshaped(to: flat)
      else { return "they cannot be compared" }
      differ = !left.isIdentical(to: right)
    }
    return differ ? "\(sample(alone)) alone, \(sample(joined)) in a batch" : nil
  }

  private static func isClose<Element: NumericTensorElement>(
    _ left: Tensor<Element>, _ right: Tensor<Element>
  ) -> Bool {
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        var greatest = 0.0
        for index in left.indices {
          let (a, b) = (abs(left[index].doubleValue), abs(right[index].doubleValue))
          if a.isFinite { greatest = max(greatest, a) }
          if b.isFinite { greatest = max(greatest, b) }
        }
        let limit = greatest * tolerance(Element.elementType)
        return left.indices.allSatisfy { index in
          let (a, b) = (left[index].doubleValue, right[index].doubleValue)
          return a == b || (a.isNaN && b.isNaN) || abs(a - b) <= limit
        }
      }
    }
  }

  /// The first elements, for messages.
  private static func sample(_ tensor: AnyTensor) -> String {
    let flat = (try? tensor.reshaped(to: [tensor.elementCount])) ?? tensor
    guard case .string(let strings) = flat else {
      let text = flat.fixedWidth.map { "\($0)" } ?? ""
      return text.firstIndex(of: "[").flatMap { start in
        text[start...].dropFirst().firstIndex(of: "[").map { String(text[$0...]) }
      } ?? text
    }
    return "[" + (0..<min(strings.count, 4)).map { strings[$0] }.joined(separator: ", ")
      + (strings.count > 4 ? ", …]" : "]")
  }
}

extension AnyTensor {
  /// The number of elements.
  package var elementCount: Int { shape.elementCount ?? 0 }
}
