import Testing

@testable import Tensors

/// Decimal places, as NumPy's `round` keeps them.
@Suite struct RoundingTests {
  private static let numbers: [Double] = [
    0.5, 1.5, 2.5, -0.5, 0.125, 0.375, 2.675, 1.005, 0.0005, 0.0015, 1.0 / 3, -2.0 / 3, 12345.678,
    0.99999, 5e-9, -0.0004,
  ]
  /// `numpy.round(numbers, decimals)`, of 32 bits and of 64.
  private static let rounded: [(decimals: Int, wanted: [Double])] = [
    (0, [0, 2, 2, -0.0, 0, 0, 3, 1, 0, 0, 0, -1, 12346, 1, 0, -0.0]),
    (1, [0.5, 1.5, 2.5, -0.5, 0.1, 0.4, 2.7, 1, 0, 0, 0.3, -0.7, 12345.7, 1, 0, -0.0]),
    (2, [0.5, 1.5, 2.5, -0.5, 0.12, 0.38, 2.68, 1, 0, 0, 0.33, -0.67, 12345.68, 1, 0, -0.0]),
    (
      3,
      [
        0.5, 1.5, 2.5, -0.5, 0.125, 0.375, 2.675, 1.005, 0, 0.002, 0.333, -0.667, 12345.678, 1, 0,
        -0.0,
      ]
    ),
  ]

  @Test("ties go to the even one, in the precision of the numbers", arguments: rounded)
  func rounds(_ decimals: Int, _ wanted: [Double]) {
    let doubles = Tensor(Self.numbers).rounded(decimals: decimals)
    let floats = Tensor(Self.numbers.map { Float($0) }).rounded(decimals: decimals)
    for index in wanted.indices {
      #expect(doubles.scalars[index].bitPattern == wanted[index].bitPattern, "\(index)")
      #expect(floats.scalars[index].bitPattern == Float(wanted[index]).bitPattern, "\(index)")
    }
  }

  @Test("what has no such places stays as it is")
  func great() {
    let floats: [Float] = [16_777_216, 8_388_609, 123_456.79, 3e38, -3e38, .infinity, 1e-30]
    #expect(Tensor(floats).rounded(decimals: 3).scalars == floats.dropLast() + [0])
    #expect(Tensor<Float>([.nan]).rounded(decimals: 2).scalars[0].isNaN)
    let doubles: [Double] = [1e300, 9_007_199_254_740_992, 0.1, .infinity]
    #expect(Tensor(doubles).rounded(decimals: 15).scalars == doubles)
  }

  @Test("numbers of 16 bits become ones of 32, and others are none")
  func types() throws {
    let half = AnyTensor.float16(Tensor([Float16(0.333), 2]))
    #expect(half.rounded(decimals: 2) == .float32(Tensor([0.33, 2])))
    #expect(AnyTensor.float64(Tensor([0.335])).rounded(decimals: 1) == .float64(Tensor([0.3])))
    #expect(AnyTensor.int64(Tensor([3])).rounded(decimals: 1) == nil)
    #expect(AnyTensor.bool(Tensor([true])).rounded(decimals: 1) == nil)
  }

  @Test("the bytes of elements are those of their rows")
  func bytes() throws {
    let tensor = AnyTensor.int16(try Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]))
    let rows = try tensor.slicingRows(1..<3)
    let (storage, range) = try #require(rows.bytes)
    #expect(range.count == 8)
    #expect(storage.baseAddress.load(fromByteOffset: range.lowerBound, as: Int16.self) == 3)
    #expect(AnyTensor.string(try StringTensor(["a"])).bytes == nil)
  }
}
