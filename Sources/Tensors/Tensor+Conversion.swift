extension Tensor where Element: NumericTensorElement {
  /// The numbers as another element type; the same memory when the type does not change.
  ///
  /// Integer types take whole numbers within their range only. Floating-point types round to the
  /// nearest, ties to even; what is beyond their range becomes infinite, as in NumPy.
  ///
  /// - Throws: ``InexactNumber`` for the first number that an integer type cannot hold.
  public func converted<Other: NumericTensorElement>(
    to type: Other.Type
  ) throws(InexactNumber) -> Tensor<Other> {
    if let same = self as? Tensor<Other> { return same }
    // The types are named one by one, and what is called with them is inlined, so that the compiler makes a
    // loop of its own for each pair: one for types that only the caller knows calls a function for every
    // element, and takes 50 times as long.
    switch AnyTensor(self) {
    case .int8(let tensor): return try tensor.integers(as: type)
    case .int16(let tensor): return try tensor.integers(as: type)
    case .int32(let tensor): return try tensor.integers(as: type)
    case .int64(let tensor): return try tensor.integers(as: type)
    case .uint8(let tensor): return try tensor.integers(as: type)
    case .uint16(let tensor): return try tensor.integers(as: type)
    case .uint32(let tensor): return try tensor.integers(as: type)
    case .uint64(let tensor): return try tensor.integers(as: type)
    case .float16(let tensor): return try tensor.reals(as: type)
    case .bfloat16(let tensor): return try tensor.map(\.floatValue).reals(as: type)
    case .float32(let tensor): return try tensor.reals(as: type)
    case .float64(let tensor): return try tensor.reals(as: type)
    case .bool, .string: preconditionFailure("\(Element.self) is no number")
    }
  }
}

extension Tensor {
  /// The tensor under a type that is known to be its own.
  @inline(__always)
  fileprivate func identical<Other: TensorElement>() -> Tensor<Other> {
    guard let same = self as? Tensor<Other> else {
      preconditionFailure("a tensor of \(Element.self) taken for one of \(Other.self)")
    }
    return same
  }
}

extension Tensor where Element: FixedWidthInteger & NumericTensorElement {
  @inline(__always)
  fileprivate func integers<Other: NumericTensorElement>(
    as type: Other.Type
  ) throws(InexactNumber) -> Tensor<Other> {
    switch Other.elementType {
    case .int8: try whole(Int8.self).identical()
    case .int16: try whole(Int16.self).identical()
    case .int32: try whole(Int32.self).identical()
    case .int64: try whole(Int64.self).identical()
    case .uint8: try whole(UInt8.self).identical()
    case .uint16: try whole(UInt16.self).identical()
    case .uint32: try whole(UInt32.self).identical()
    case .uint64: try whole(UInt64.self).identical()
    case .float16: nearest(Float16.self).identical()
    case .bfloat16: nearestBFloat16().identical()
    case .float32: nearest(Float.self).identical()
    case .float64: nearest(Double.self).identical()
    case .bool, .string: identical()
    }
  }

  private func nearest<Target: BinaryFloatingPoint & TensorElement>(
    _: Target.Type
  ) -> Tensor<Target> {
    map { Target($0) }
  }

  private func nearestBFloat16() -> Tensor<BFloat16> { map { BFloat16(nearest: $0) } }

  /// All numbers are converted, and only afterwards is it looked whether each is still the same: that
  /// the compiler can do for several at once.
  private func whole<Target: FixedWidthInteger & TensorElement>(
    _: Target.Type
  ) throws(InexactNumber) -> Tensor<Target> {
    if Target.self == Element.self { return identical() }
    var differences: Element = 0
    var sources: Element = 0
    var targets: Target = 0
    let result = Tensor<Target>(shape: shape) { output in
      withUnsafeBufferPointer { input in
        for index in input.indices {
          let source = input[index]
          let target = Target(truncatingIfNeeded: source)
          output.initializeElement(at: index, to: target)
          differences |= Element(truncatingIfNeeded: target) ^ source
          sources |= source
          targets |= target
        }
      }
    }
    // Of a type with a sign and one without, each can hold half of the other's bit patterns.
    let changesSign = Element.isSigned != Target.isSigned && (sources < 0 || targets < 0)
    if differences == 0, !changesSign { return result }
    throw withUnsafeBufferPointer { input in
      let index = input.firstIndex { Target(exactly: $0) == nil } ?? 0
      return InexactNumber(
        index: index, value: "\(input[index])", elementType: Target.elementType, isFraction: false)
    }
  }
}

extension Tensor where Element: BinaryFloatingPoint & NumericTensorElement {
  @inline(__always)
  fileprivate func reals<Other: NumericTensorElement>(
    as type: Other.Type
  ) throws(InexactNumber) -> Tensor<Other> {
    switch Other.elementType {
    case .int8: try whole(Int8.self) { Int64($0) }.identical()
    case .int16: try whole(Int16.self) { Int64($0) }.identical()
    case .int32: try whole(Int32.self) { Int64($0) }.identical()
    case .int64: try whole(Int64.self) { Int64($0) }.identical()
    case .uint8: try whole(UInt8.self) { Int64($0) }.identical()
    case .uint16: try whole(UInt16.self) { Int64($0) }.identical()
    case .uint32: try whole(UInt32.self) { Int64($0) }.identical()
    case .uint64: try whole(UInt64.self) { UInt64($0) }.identical()
    case .float16: nearest(Float16.self).identical()
    case .bfloat16: nearestBFloat16().identical()
    case .float32: nearest(Float.self).identical()
    case .float64: nearest(Double.self).identical()
    case .bool, .string: identical()
    }
  }

  private func nearest<Target: BinaryFloatingPoint & TensorElement>(
    _: Target.Type
  ) -> Tensor<Target> {
    map { Target($0) }
  }

  private func nearestBFloat16() -> Tensor<BFloat16> { map { BFloat16(nearest: Double($0)) } }

  /// - Parameter integer: a number within the range of `Target` without its fraction.
  private func whole<Target: FixedWidthInteger & TensorElement, Wide: FixedWidthInteger>(
    _: Target.Type, _ integer: (Double) -> Wide
  ) throws(InexactNumber) -> Tensor<Target> {
    // Both are doubles exactly: powers of two, or 0.
    let lowest = Double(Target.min)
    let beyond = Double(
      sign: .plus, exponent: Target.bitWidth - (Target.isSigned ? 1 : 0), significand: 1)
    var isExact = true
    let result = Tensor<Target>(shape: shape) { output in
      withUnsafeBufferPointer { input in
        for index in input.indices {
          let number = Double(input[index])
          let isWithin = number >= lowest && number < beyond
          let whole = integer(isWithin ? number : 0)
          output.initializeElement(at: index, to: Target(truncatingIfNeeded: whole))
          isExact = isExact && isWithin && Double(whole) == number
        }
      }
    }
    if isExact { return result }
    throw withUnsafeBufferPointer { input in
      let index = input.firstIndex { Target(exactly: Double($0)) == nil } ?? 0
      let number = Double(input[index])
      return InexactNumber(
        index: index, value: "\(input[index])", elementType: Target.elementType,
        isFraction: number > lowest - 1 && number < beyond)
    }
  }
}

extension BFloat16 {
  /// The number nearest to `value`, ties to even, rounded only once.
  init(nearest value: Double) { self.init(Float(odd: value)) }

  /// The number nearest to `value`, ties to even, rounded only once.
  init(nearest value: some FixedWidthInteger) {
    let magnitude = UInt64(value.magnitude)
    // The 32 highest bits, the last one set if there was any below: a double of the same rounding.
    let surplus = max(0, 32 - magnitude.leadingZeroBitCount)
    var bits = magnitude >> UInt64(surplus)
    if bits << UInt64(surplus) != magnitude { bits |= 1 }
    let number = Double(sign: .plus, exponent: surplus, significand: Double(bits))
    self.init(nearest: value < 0 ? -number : number)
  }
}

extension Float {
  /// `value` cut off towards zero, its last bit set if that lost something: rounded once more to
  /// fewer digits, it gives what rounding `value` itself would.
  init(odd value: Double) {
    let nearest = Float(value)
    if Double(nearest) == value || value.isNaN {
      self = nearest
      return
    }
    // The bit patterns of one sign ascend with the magnitude; infinity follows the greatest number.
    let isTooGreat = Double(nearest).magnitude > value.magnitude
    self = Float(bitPattern: (nearest.bitPattern - (isTooGreat ? 1 : 0)) | 1)
  }
}
