extension Tensor where Element: Comparable {
  /// For each row, the indices of its `count` greatest elements, the greatest one first: `[rows, n]`
  /// gives `rows` times `count` indices.
  ///
  /// Among equals the first one comes first. NaN counts as greater than all numbers, as in NumPy.
  ///
  /// - Precondition: a row has `count` elements.
  package func greatest(_ count: Int) -> [Int] {
    let width = rowStride
    precondition(
      rowCount == 0 || count <= width, "\(count) greatest of \(width) elements, shape \(shape)")
    return withUnsafeBufferPointer { elements -> [Int] in
      var result: [Int] = []
      result.reserveCapacity(rowCount * count)
      for row in 0..<rowCount {
        let values = UnsafeBufferPointer(rebasing: elements[row * width..<(row + 1) * width])
        if count > 16 {
          result += values.indices.sorted { Self.precedes(values, $0, $1) }.prefix(count)
          continue
        }
        // Of many elements few are wanted: most of them are compared once.
        let start = result.count
        for index in values.indices {
          var place = result.count
          while place > start, Self.precedes(values, index, result[place - 1]) { place -= 1 }
          if place == start + count { continue }
          if result.count == start + count { result.removeLast() }
          result.insert(index, at: place)
        }
      }
      return result
    }
  }

  private static func precedes(
    _ row: UnsafeBufferPointer<Element>, _ left: Int, _ right: Int
  ) -> Bool {
    let (a, b) = (row[left], row[right])
    if a > b { return true }
    if a < b { return false }
    let (isLeftNumber, isRightNumber) = (a == a, b == b)
    return isLeftNumber == isRightNumber ? left < right : isRightNumber
  }
}

extension AnyTensor {
  /// The same of numbers of any type; `nil` for truth values and strings.
  package func greatest(_ count: Int) -> [Int]? {
    switch self {
    case .bool, .string: nil
    case .int8(let tensor): tensor.greatest(count)
    case .int16(let tensor): tensor.greatest(count)
    case .int32(let tensor): tensor.greatest(count)
    case .int64(let tensor): tensor.greatest(count)
    case .uint8(let tensor): tensor.greatest(count)
    case .uint16(let tensor): tensor.greatest(count)
    case .uint32(let tensor): tensor.greatest(count)
    case .uint64(let tensor): tensor.greatest(count)
    case .float16(let tensor): tensor.greatest(count)
    case .bfloat16(let tensor): tensor.map(\.floatValue).greatest(count)
    case .float32(let tensor): tensor.greatest(count)
    case .float64(let tensor): tensor.greatest(count)
    }
  }

  /// The softmax of each row, in the precision of the numbers, of 16 bits in that of 32; `nil` if they
  /// are no floating-point numbers.
  package func softmax() -> AnyTensor? {
    if case .float64(let tensor) = self { return .float64(tensor.softmax()) }
    return floats.map { .float32($0.softmax()) }
  }

  /// The numbers as 32-bit floats, the same memory if they are that already; `nil` if they are no
  /// floating-point numbers.
  package var floats: Tensor<Float>? {
    switch self {
    case .float32(let tensor): tensor
    case .float16(let tensor): try? tensor.converted(to: Float.self)
    case .bfloat16(let tensor): try? tensor.converted(to: Float.self)
    case .float64(let tensor): try? tensor.converted(to: Float.self)
    default: nil
    }
  }
}
