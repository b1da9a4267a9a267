extension Tensor {
  /// The rows at `positions`, in their order; a row may come several times.
  ///
  /// - Precondition: the rows are there.
  package func gathering(_ positions: [Int]) -> Tensor {
    let stride = rowStride
    return Tensor(shape: shape.rowShape.batched(positions.count)) { output in
      withUnsafeBufferPointer { input in
        for (target, source) in positions.enumerated() {
          let row = UnsafeBufferPointer(rebasing: input[source * stride..<(source + 1) * stride])
          _ = output[(target * stride)...].initialize(fromContentsOf: row)
        }
      }
    }
  }
}

extension StringTensor {
  /// The rows at `positions`, in their order; a row may come several times.
  ///
  /// - Precondition: the rows are there.
  package func gathering(_ positions: [Int]) -> StringTensor {
    let stride = shape.dimensions.dropFirst().reduce(1, *)
    var gathered = [0]
    var text: [UInt8] = []
    gathered.reserveCapacity(positions.count * stride + 1)
    for source in positions {
      let start = offsets[source * stride]
      let shift = text.count - start
      for element in source * stride..<(source + 1) * stride {
        gathered.append(offsets[element + 1] + shift)
      }
      text += bytes[start..<offsets[(source + 1) * stride]]
    }
    return StringTensor(
      unchecked: gathered, bytes: text, shape: shape.rowShape.batched(positions.count))
  }
}

/// A fixed-width tensor of whatever element type; only ``Tensor`` conforms.
private protocol RowGathering {
  func gatheringAny(_ positions: [Int]) -> AnyTensor
}

extension Tensor: RowGathering {
  fileprivate func gatheringAny(_ positions: [Int]) -> AnyTensor { AnyTensor(gathering(positions)) }
}

extension AnyTensor {
  /// The rows at `positions`, in their order; a row may come several times.
  ///
  /// - Precondition: the rows are there.
  package func gathering(_ positions: [Int]) -> AnyTensor {
    if case .string(let strings) = self { return .string(strings.gathering(positions)) }
    return (fixedWidth as? any RowGathering)?.gatheringAny(positions) ?? self
  }
}
