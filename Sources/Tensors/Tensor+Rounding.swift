extension Tensor where Element: BinaryFloatingPoint {
  /// The numbers with at most so many decimal places, as NumPy's `round` computes it in the elements' own
  /// precision: each is multiplied by a power of ten, rounded to the nearest whole number, to the even one
  /// of two that are as near, and divided by that power.
  ///
  /// Numbers that the multiplication leaves no fraction, for they are too great to have so many places, stay
  /// as they are, where NumPy's division may change their last bit, or overflow. NaN and infinity stay, too.
  ///
  /// - Parameter decimals: at least 0.
  package func rounded(decimals: Int) -> Tensor {
    let power = Element((0..<decimals).reduce(1.0) { power, _ in power * 10 })
    // From here on the numbers of this precision are whole.
    let whole = Element(
      sign: .plus, exponent: Element.Exponent(Element.significandBitCount), significand: 1)
    return map { number in
      let product = number * power
      guard product.magnitude < whole else { return number }
      return product.rounded(.toNearestOrEven) / power
    }
  }
}

extension AnyTensor {
  /// Floating-point numbers with at most so many decimal places, those of 16 bits as ones of 32; `nil` for
  /// all others.
  package func rounded(decimals: Int) -> AnyTensor? {
    if case .float64(let tensor) = self { return .float64(tensor.rounded(decimals: decimals)) }
    return floats.map { .float32($0.rounded(decimals: decimals)) }
  }

  /// The little-endian bytes of the elements in row-major order, a byte of 0 or 1 for each truth value: the
  /// same memory. `nil` for strings.
  package var bytes: (storage: TensorStorage, range: Range<Int>)? {
    guard let memory = fixedWidth?.memory, let size = elementType.byteCount else { return nil }
    let count = fixedWidth?.shape.elementCount ?? 0
    return (memory.storage, memory.byteOffset..<memory.byteOffset + count * size)
  }
}
