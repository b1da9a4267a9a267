import Tensors

/// The rows of a tensor for a comparison that allows for what different kernels round differently.
struct ComparableRows {
  private enum Elements {
    case real([Double], tolerance: Double)
    case exact([Int64])
    case text([String])
  }

  private let elements: Elements
  private let width: Int
  private let rowCount: Int

  init(_ tensor: AnyTensor) {
    rowCount = tensor.rowCount
    width = tensor.shape.rowShape.elementCount ?? 0
    switch tensor {
    case .bool(let tensor): elements = .exact(tensor.scalars.map { $0 ? 1 : 0 })
    case .int8(let tensor): elements = .exact(tensor.scalars.map { Int64($0) })
    case .int16(let tensor): elements = .exact(tensor.scalars.map { Int64($0) })
    case .int32(let tensor): elements = .exact(tensor.scalars.map { Int64($0) })
    case .int64(let tensor): elements = .exact(tensor.scalars)
    case .uint8(let tensor): elements = .exact(tensor.scalars.map { Int64($0) })
    case .uint16(let tensor): elements = .exact(tensor.scalars.map { Int64($0) })
    case .uint32(let tensor): elements = .exact(tensor.scalars.map { Int64($0) })
    case .uint64(let tensor): elements = .exact(tensor.scalars.map { Int64(bitPattern: $0) })
    case .float16(let tensor):
      elements = .real(tensor.scalars.map { Double($0) }, tolerance: 0.01)
    case .bfloat16(let tensor):
      elements = .real(tensor.scalars.map { Double($0.floatValue) }, tolerance: 0.04)
    case .float32(let tensor):
      elements = .real(tensor.scalars.map { Double($0) }, tolerance: 2e-3)
    case .float64(let tensor): elements = .real(tensor.scalars, tolerance: 1e-9)
    case .string(let tensor): elements = .text(tensor.strings)
    }
  }

  /// Whether not all rows are the same.
  var haveVaried: Bool {
    (1..<max(rowCount, 1)).contains { row in
      let first = 0..<width
      let other = row * width..<(row + 1) * width
      return switch elements {
      case .real(let values, _): !values[first].elementsEqual(values[other])
      case .exact(let values): !values[first].elementsEqual(values[other])
      case .text(let values): !values[first].elementsEqual(values[other])
      }
    }
  }

  /// The first row of `range` that is not the one of `other`, which begins with that range.
  func firstDifference(in range: Range<Int>, from other: ComparableRows) -> Int? {
    guard width == other.width else { return range.lowerBound }
    return range.first { row in
      let here = row * width..<(row + 1) * width
      let there = (row - range.lowerBound) * width..<(row - range.lowerBound + 1) * width
      return switch (elements, other.elements) {
      case (.real(let values, let tolerance), .real(let others, _)):
        !Self.agree(values[here], others[there], tolerance)
      case (.exact(let values), .exact(let others)):
        !values[here].elementsEqual(others[there])
      case (.text(let values), .text(let others)): !values[here].elementsEqual(others[there])
      default: true
      }
    }
  }

  /// Whether two rows agree, differences measured by the row's greatest element: sums that nearly
  /// cancel are only as exact as what was added.
  private static func agree(
    _ left: ArraySlice<Double>, _ right: ArraySlice<Double>, _ tolerance: Double
  ) -> Bool {
    let scale = (left + right).reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    return zip(left, right).allSatisfy { left, right in
      if left.isNaN || right.isNaN { return left.isNaN && right.isNaN }
      return left == right || abs(left - right) <= tolerance * scale
    }
  }
}
