import Testing

@testable import Tensors

/// Rows and dimensions of tensors whose element type is known at run time.
struct AxesTests {
  @Test("a last row is repeated byte for byte, text or not")
  func repeatedStrings() throws {
    // Neither 0xFF nor 0xFE is UTF-8.
    let strings = try StringTensor(
      offsets: [0, 1, 1, 3, 4], bytes: [65, 0xFF, 66, 0xFE], shape: [2, 2])
    let expected = try StringTensor(
      offsets: [0, 1, 1, 3, 4, 6, 7, 9, 10],
      bytes: [65, 0xFF, 66, 0xFE, 0xFF, 66, 0xFE, 0xFF, 66, 0xFE], shape: [4, 2])
    #expect(try AnyTensor.string(strings).repeatingLastRow(until: 4) == .string(expected))
    #expect(try AnyTensor.string(strings).repeatingLastRow(until: 2) == .string(strings))
  }

  @Test("a last row of numbers is repeated")
  func repeatedNumbers() throws {
    let numbers = AnyTensor(try Tensor<Int16>([1, 2, 3, 4], shape: [2, 2]))
    let expected = AnyTensor(try Tensor<Int16>([1, 2, 3, 4, 3, 4], shape: [3, 2]))
    #expect(try numbers.repeatingLastRow(until: 3) == expected)
    let none = AnyTensor(try Tensor<Int16>([], shape: [0, 2]))
    #expect(throws: TensorError.self) { _ = try none.repeatingLastRow(until: 1) }
  }
}
