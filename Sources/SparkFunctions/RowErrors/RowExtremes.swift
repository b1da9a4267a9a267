import Tensors

/// By what rows of a tensor may differ so much that a model refuses one of them: the greatest and the
/// least number of each, or the bytes of its longest text.
struct RowExtremes: Hashable {
  /// One for each row; minus infinity in a row without numbers.
  var greatest: [Double] = []
  /// The least numbers, with the opposite sign, so that of both the greater one is the stranger one.
  var leastNegated: [Double] = []

  /// - Returns: `nil` if rows have so many elements that it takes time to look at them.
  init?(_ tensor: AnyTensor) {
    let rows = tensor.rowCount
    guard rows > 0, let count = tensor.shape.elementCount, count / rows <= Self.mostElements else {
      return nil
    }
    switch tensor {
    case .bool: return nil
    case .int8(let tensor): integers(tensor)
    case .int16(let tensor): integers(tensor)
    case .int32(let tensor): integers(tensor)
    case .int64(let tensor): integers(tensor)
    case .uint8(let tensor): integers(tensor)
    case .uint16(let tensor): integers(tensor)
    case .uint32(let tensor): integers(tensor)
    case .uint64(let tensor): integers(tensor)
    case .float16(let tensor): numbers(tensor) { Double($0) }
    case .bfloat16(let tensor): numbers(tensor) { Double($0.floatValue) }
    case .float32(let tensor): numbers(tensor) { Double($0) }
    case .float64(let tensor): numbers(tensor) { $0 }
    case .string(let tensor): lengths(tensor)
    }
  }

  private static let mostElements = 4096

  private mutating func integers<Element: TensorElement & BinaryInteger>(
    _ tensor: Tensor<Element>
  ) {
    numbers(tensor) { Double($0) }
  }

  private mutating func numbers<Element: TensorElement>(
    _ tensor: Tensor<Element>, _ number: (Element) -> Double
  ) {
    let width = tensor.rowStride
    tensor.withUnsafeBufferPointer { elements in
      for row in 0..<tensor.rowCount {
        var (most, least) = (-Double.infinity, Double.infinity)
        for index in row * width..<(row + 1) * width {
          let value = number(elements[index])
          if value > most { most = value }
          if value < least { least = value }
        }
        greatest.append(most)
        leastNegated.append(-least)
      }
    }
  }

  private mutating func lengths(_ tensor: StringTensor) {
    let width = tensor.count / tensor.rowCount
    for row in 0..<tensor.rowCount {
      let lengths = (row * width..<(row + 1) * width).map {
        Double(tensor.offsets[$0 + 1] - tensor.offsets[$0])
      }
      greatest.append(lengths.max() ?? -.infinity)
      leastNegated.append(-(lengths.min() ?? .infinity))
    }
  }
}
