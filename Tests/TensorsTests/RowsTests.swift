import Testing

@testable import Tensors

/// Rows of tensors whose element type is known at run time.
struct RowsTests {
  static let numbers = AnyTensor.int16(
    Tensor<Int16>(shape: [3, 2]) { memory in
      for index in memory.indices { memory.initializeElement(at: index, to: Int16(index)) }
    })

  static func words(_ words: [String], _ shape: Shape) throws -> AnyTensor {
    .string(try StringTensor(words, shape: shape))
  }

  @Test("rows are a view, and those of strings their own")
  func slices() throws {
    let part = try Self.numbers.slicingRows(1..<3)
    #expect(part == .int16(try Tensor([2, 3, 4, 5], shape: [2, 2])))
    #expect(part.fixedWidth?.memory.storage === Self.numbers.fixedWidth?.memory.storage)
    let words = try Self.words(["a", "bc", "", "d"], [2, 2])
    #expect(try words.slicingRows(1..<2) == Self.words(["", "d"], [1, 2]))
    #expect(try words.slicingRows(1..<1) == Self.words([], [0, 2]))
    #expect(throws: TensorError.self) { try words.slicingRows(1..<3) }
    #expect(throws: TensorError.self) {
      try AnyTensor.int8(Tensor([1], shape: [])).slicingRows(0..<1)
    }
  }

  @Test("parts are joined in their order, parts without rows among them")
  func joins() throws {
    let parts = try [0..<1, 1..<1, 1..<3].map { try Self.numbers.slicingRows($0) }
    #expect(try AnyTensor.joiningRows(parts) == Self.numbers)
    let words = try [
      Self.words(["ä"], [1, 1]), Self.words([], [0, 1]), Self.words(["", "c\0d"], [2, 1]),
    ]
    #expect(try AnyTensor.joiningRows(words) == Self.words(["ä", "", "c\0d"], [3, 1]))
    let alone = try AnyTensor.joiningRows([Self.numbers])
    #expect(alone.fixedWidth?.memory.storage === Self.numbers.fixedWidth?.memory.storage)
  }

  @Test("memory that is given may be longer than what is joined")
  func joinsIntoMemory() throws {
    let storage = TensorStorage(byteCount: 100)
    var asked = 0
    let joined = try AnyTensor.joiningRows([Self.numbers, Self.numbers]) { byteCount in
      asked = byteCount
      return storage
    }
    #expect(asked == 24 && joined.fixedWidth?.memory.storage === storage)
    #expect(try joined.slicingRows(3..<6) == Self.numbers)
  }

  static let unlike: [[AnyTensor]] = [
    [], [numbers, .int16(Tensor(repeating: 0, shape: [1, 3]))],
    [numbers, .int32(Tensor(repeating: 0, shape: [1, 2]))],
    [numbers, .int16(Tensor(repeating: 0, shape: []))],
    [.int8(Tensor(repeating: 0, shape: [])), .int8(Tensor(repeating: 0, shape: []))],
  ]

  @Test("rows that differ in type or shape are not joined", arguments: unlike)
  func unlikeParts(_ parts: [AnyTensor]) {
    #expect(throws: TensorError.self) { try AnyTensor.joiningRows(parts) }
  }

  @Test("rows are left out, repeated and reordered")
  func gathers() throws {
    let positions = [2, 0, 0]
    let numbers = Self.numbers.gathering(positions)
    #expect(try numbers == .int16(Tensor([4, 5, 0, 1, 0, 1], shape: [3, 2])))
    let words = try Self.words(["a", "bc", "", "d", "ef", "g"], [3, 2])
    let expected = try Self.words(["ef", "g", "a", "bc", "a", "bc"], [3, 2])
    #expect(words.gathering(positions) == expected)
    #expect(try words.gathering([]) == Self.words([], [0, 2]))
  }

  @Test("zeros are those of the type, and no text")
  func zeros() throws {
    #expect(
      try AnyTensor(zerosOf: .float16, shape: [2, 2])
        == .float16(Tensor(repeating: 0, shape: [2, 2])))
    #expect(try AnyTensor(zerosOf: .string, shape: [2]) == Self.words(["", ""], [2]))
    #expect(throws: TensorError.self) { try AnyTensor(zerosOf: .int8, shape: [-1]) }
    #expect(throws: TensorError.self) { try AnyTensor(zerosOf: .int64, shape: [Int.max / 2]) }
  }
}
