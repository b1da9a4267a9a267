import Testing

@testable import Tensors

/// Numbers as another element type: exactly, or an error that says which is not.
struct ConversionTests {
  private static func failure<Source: NumericTensorElement, Target: NumericTensorElement>(
    _ numbers: [Source], _: Target.Type
  ) -> InexactNumber? {
    do {
      _ = try Tensor(numbers).converted(to: Target.self)
      return nil
    } catch {
      return error
    }
  }

  @Test("whole numbers within the range stay the same")
  func exact() throws {
    #expect(
      try Tensor([300.0, -0.0, 1e15]).converted(to: Int64.self).scalars == [
        300, 0, 1_000_000_000_000_000,
      ])
    #expect(try Tensor<Float>([255, 0]).converted(to: UInt8.self).scalars == [255, 0])
    #expect(try Tensor([0x1p63]).converted(to: UInt64.self).scalars == [1 << 63])
    #expect(try Tensor([-0x1p63]).converted(to: Int64.self).scalars == [.min])
    #expect(try Tensor<Int64>([1 << 53 + 1]).converted(to: UInt64.self).scalars == [1 << 53 + 1])
    #expect(try Tensor<UInt64>([.max]).converted(to: UInt64.self).scalars == [.max])
    #expect(try Tensor<Float16>([65504]).converted(to: UInt16.self).scalars == [65504])
    #expect(try Tensor<BFloat16>([256.0]).converted(to: Int16.self).scalars == [256])
    let same = Tensor([1.0])
    #expect(try same.converted(to: Double.self).memory.storage === same.memory.storage)
  }

  @Test("others are errors that name the first of them")
  func inexact() {
    func expect(_ error: InexactNumber?, _ index: Int, _ reason: String) {
      #expect(error?.index == index && error?.reason == reason, "\(error as Any)")
    }
    expect(Self.failure([1, 300.0], UInt8.self), 1, "300.0 does not fit uint8 (0 to 255)")
    expect(
      Self.failure([1, 2, 3.99], Int32.self), 2, "3.99 does not fit int32: it is no whole number")
    expect(Self.failure([.nan] as [Float], Int8.self), 0, "nan does not fit int8 (-128 to 127)")
    expect(
      Self.failure([-.infinity] as [Float16], Int64.self), 0,
      "-inf does not fit int64 (-2^63 to 2^63 - 1)")
    expect(
      Self.failure([0x1p63], Int64.self), 0,
      "9.223372036854776e+18 does not fit int64 (-2^63 to 2^63 - 1)")
    expect(
      Self.failure([0x1p64], UInt64.self), 0,
      "1.8446744073709552e+19 does not fit uint64 (0 to 2^64 - 1)")
    expect(Self.failure([-0.5], UInt8.self), 0, "-0.5 does not fit uint8: it is no whole number")
    expect(
      Self.failure([5, -1] as [Int32], UInt64.self), 1, "-1 does not fit uint64 (0 to 2^64 - 1)")
    expect(
      Self.failure([0, .max] as [UInt64], Int64.self), 1,
      "18446744073709551615 does not fit int64 (-2^63 to 2^63 - 1)")
    // Bit patterns that come back the same.
    expect(
      Self.failure([0xFFC8] as [UInt16], Int8.self), 0, "65480 does not fit int8 (-128 to 127)")
    expect(Self.failure([-1] as [Int8], UInt8.self), 0, "-1 does not fit uint8 (0 to 255)")
  }

  @Test("floating-point types round once to the nearest")
  func rounding() throws {
    let bits = Tensor<Int64>([1 << 40 + 1 << 32 + 1, 1 << 40 + 1 << 32, 257, 259, -259, .max])
    #expect(
      try bits.converted(to: BFloat16.self).scalars.map(\.doubleValue)
        == [0x1.02p40, 0x1p40, 256, 260, -260, 0x1p63])
    let ties = Tensor([0x1.01p0, 0x1.0100000000001p0, 0x1.00FFFFFFFFFFFp0, 1e300, -0.0])
    #expect(
      try ties.converted(to: BFloat16.self).scalars.map(\.doubleValue)
        == [1, 0x1.02p0, 1, .infinity, 0])
    #expect(
      try Tensor<Int64>([16_777_217, 1 << 53 + 1]).converted(to: Float.self).scalars == [
        16_777_216, 0x1p53,
      ])
    #expect(try Tensor<UInt64>([.max]).converted(to: Double.self).scalars == [0x1p64])
    #expect(
      try Tensor([65519.0, 65520]).converted(to: Float16.self).scalars == [65504, .infinity])
    #expect(try Tensor([Double.nan]).converted(to: BFloat16.self).scalars[0].floatValue.isNaN)
  }
}
