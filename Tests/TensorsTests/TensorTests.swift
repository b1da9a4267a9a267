import Tensors
import Testing

/// Shapes, views, conversions and the few operations of tensors.
struct TensorTests {
  @Test(
    "element counts",
    arguments: [
      ([], 1), ([3], 3), ([2, 3, 4], 24), ([2, 0], 0), ([-1, 2], nil), ([Int.max, 2], nil),
      ([1 << 32, 1 << 32], nil),
    ] as [([Int], Int?)])
  func counts(dimensions: [Int], count: Int?) { #expect(Shape(dimensions).elementCount == count) }

  @Test("shapes print, batch and admit")
  func shapes() {
    let declared: Shape = [-1, 28, 28]
    #expect(declared.description == "[?, 28, 28]")
    #expect(declared.isDynamic)
    #expect(declared.rowShape == [28, 28])
    #expect(declared.rowShape.batched(7) == [7, 28, 28])
    #expect(declared.admits([5, 28, 28]))
    #expect(!declared.admits([5, 28, 27]))
    #expect(!declared.admits([5, 28]))
  }

  @Test(
    "reshaping",
    arguments: [
      ([6], [6]), ([-1], [6]), ([2, -1], [2, 3]), ([3, 2, 1], [3, 2, 1]), ([4], nil),
      ([-1, 4], nil),
      ([-1, -1], nil), ([-1, 0], nil),
    ] as [([Int], [Int]?)])
  func reshaping(wanted: [Int], result: [Int]?) throws {
    let tensor = try Tensor<Int32>([1, 2, 3, 4, 5, 6], shape: [2, 3])
    guard let result else {
      #expect(throws: TensorError.self) { _ = try tensor.reshaped(to: Shape(wanted)) }
      return
    }
    let reshaped = try tensor.reshaped(to: Shape(wanted))
    #expect(reshaped.shape == Shape(result))
    #expect(reshaped.scalars == tensor.scalars)
    #expect(reshaped.memory.storage === tensor.memory.storage)
  }

  @Test("rows are views")
  func rows() throws {
    let tensor = try Tensor<Int32>([1, 2, 3, 4, 5, 6], shape: [3, 2])
    let rows = tensor.rows(1..<3)
    #expect(rows.shape == [2, 2])
    #expect(rows.scalars == [3, 4, 5, 6])
    #expect(rows[1, 0] == 5)
    #expect(rows.memory.storage === tensor.memory.storage)
    #expect(rows.memory.byteOffset == 8)
    #expect(tensor.rows(1..<1).count == 0)
    #expect(try Tensor.concatenating([rows, tensor.rows(0..<1)]).scalars == [3, 4, 5, 6, 1, 2])
    #expect(throws: TensorError.self) { _ = try Tensor.concatenating([tensor, Tensor([1])]) }
    #expect(throws: TensorError.self) { _ = try Tensor<Int32>.concatenating([]) }
  }

  @Test("views that do not fit the memory are refused")
  func views() {
    let storage = TensorStorage(byteCount: 16)
    #expect(throws: TensorError.self) { _ = try Tensor<Float>(viewing: storage, shape: [5]) }
    #expect(throws: TensorError.self) {
      _ = try Tensor<Float>(viewing: storage, byteOffset: 2, shape: [1])
    }
    #expect(throws: TensorError.self) {
      _ = try Tensor<Float>(viewing: storage, byteOffset: -4, shape: [1])
    }
    #expect(throws: TensorError.self) { _ = try Tensor<Float>(viewing: storage, shape: [-1]) }
    #expect(throws: TensorError.self) {
      _ = try Tensor<Double>(viewing: storage, shape: [Int.max / 2])
    }
    #expect(throws: TensorError.self) { _ = try Tensor<Float>([1, 2], shape: [3]) }
  }

  @Test("foreign memory is given back once")
  func foreign() async {
    await confirmation { released in
      let memory = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
      let address = UInt(bitPattern: memory)
      var storage: TensorStorage? = TensorStorage(foreign: memory, byteCount: 8) {
        UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
        released()
      }
      _ = storage?.byteCount
      storage = nil
    }
  }

  @Test(
    "brain floats round to the nearest, ties to even",
    arguments: [
      (0x3F80_0000, 0x3F80), (0x3F80_7FFF, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F80_8001, 0x3F81),
      (0x3F81_8000, 0x3F82), (0x7F7F_FFFF, 0x7F80), (0x7F80_0000, 0x7F80), (0xFF80_0000, 0xFF80),
      (0x8000_0000, 0x8000), (0x0000_0001, 0x0000),
    ] as [(UInt32, UInt16)])
  func brainFloats(bits: UInt32, rounded: UInt16) {
    #expect(BFloat16(Float(bitPattern: bits)).bitPattern == rounded)
    #expect(BFloat16(bitPattern: rounded).floatValue.bitPattern == UInt32(rounded) << 16)
  }

  @Test(
    "every not-a-number stays one", arguments: [0x7F80_0001, 0x7FC0_0000, 0xFFFF_FFFF] as [UInt32])
  func notNumbers(bits: UInt32) {
    #expect(BFloat16(Float(bitPattern: bits)).floatValue.isNaN)
  }

  @Test("argmax takes the first of the greatest")
  func argmax() throws {
    let tensor = try Tensor<Float>([1, 3, 3, -1, -2, -3, 0, 0, 0], shape: [3, 3])
    #expect(tensor.argmax() == [1, 0, 0])
    #expect(tensor.rows(1..<3).argmax() == [0, 0])
    #expect(tensor.rows(0..<0).argmax() == [])
  }

  @Test("the greatest of each row: ties by their order, NaN before all numbers", arguments: 1...20)
  func greatest(_ count: Int) throws {
    let row: [Double] = [1, 3, .nan, 3, -.infinity, 0, -0.0, .infinity, .nan, 3]
    let order = [2, 8, 7, 1, 3, 9, 0, 5, 6, 4]
    // Rows of more elements than are wanted, and of as many.
    let filled = row + Array(repeating: -Double.infinity, count: 10)
    let indices = order + Array(10..<20)
    let tensor = try Tensor(filled + filled.map { $0 + 0 }, shape: [2, 20])
    let expected = Array(indices.prefix(count))
    #expect(tensor.greatest(count) == expected + expected)
    #expect(tensor.rows(0..<0).greatest(count) == [])
    #expect(AnyTensor(tensor).greatest(count) == expected + expected)
  }

  @Test("the greatest of elements of any type")
  func greatestOfAny() throws {
    let numbers: [AnyTensor] = [
      .int8(Tensor([1, 3, 3])), .int64(Tensor([Int64.max - 2, Int64.max - 1, Int64.max - 1])),
      .uint64(Tensor([UInt64.max - 2, UInt64.max - 1, 0])), .float16(Tensor([1, 3, 3])),
      .bfloat16(Tensor(([1, 3, 3] as [Float]).map { BFloat16($0) })),
    ]
    for tensor in numbers { #expect(try tensor.reshaped(to: [1, 3]).greatest(1) == [1]) }
    #expect(AnyTensor.bool(Tensor([true])).greatest(1) == nil)
    #expect(try AnyTensor.string(StringTensor(["a"])).greatest(1) == nil)
  }

  @Test("softmax of each row adds up to one, large numbers too")
  func softmax() throws {
    let tensor = try Tensor<Float>([0, 0, 1000, 1001, -1000, -1000], shape: [3, 2]).softmax()
    let expected: [Float] = [0.5, 0.5, 0.268_941_43, 0.731_058_6, 0.5, 0.5]
    for (found, wanted) in zip(tensor.scalars, expected) { #expect(abs(found - wanted) < 1e-6) }
    #expect(try Tensor<Float>([], shape: [2, 0]).softmax().count == 0)
    let doubles = try Tensor<Double>([0, 1e-9, 800, .nan], shape: [2, 2]).softmax().scalars
    #expect(doubles[1] > doubles[0] && abs(doubles[0] + doubles[1] - 1) < 1e-15)
    #expect(doubles[2].isNaN && doubles[3].isNaN)
    let half = AnyTensor.float16(try Tensor([0, 0], shape: [1, 2]))
    #expect(half.softmax() == .float32(try Tensor([0.5, 0.5], shape: [1, 2])))
    #expect(AnyTensor.int64(Tensor([1])).softmax() == nil)
  }

  @Test("erased tensors know their type and give it back")
  func erased() throws {
    let tensor = AnyTensor(Tensor<Int16>([1, 2]))
    #expect(tensor.elementType == .int16)
    #expect(tensor.rowCount == 2)
    #expect(try tensor.typed(as: Int16.self).scalars == [1, 2])
    #expect(throws: TensorError.self) { _ = try tensor.typed(as: Float.self) }
    #expect(try tensor.reshaped(to: [2, 1]).shape == [2, 1])
    let strings = AnyTensor.string(try StringTensor(["a", "", "ß"]))
    #expect(strings.elementType == .string)
    #expect(strings.fixedWidth == nil)
    #expect(throws: TensorError.self) { _ = try strings.typed(as: Bool.self) }
  }

  @Test("element types know their size", arguments: ElementType.allCases)
  func elementTypes(type: ElementType) {
    #expect(ElementType(rawValue: type.description) == type)
    #expect((type.byteCount == nil) == (type == .string))
    #expect(!type.isFloatingPoint || type.isNumeric)
  }

  @Test("string tensors check their offsets")
  func strings() throws {
    let tensor = try StringTensor(["ab", "", "ç"], shape: [3, 1])
    #expect(tensor.strings == ["ab", "", "ç"])
    #expect(tensor.offsets == [0, 2, 2, 4])
    #expect(try tensor.reshaped(to: [3]).shape == [3])
    #expect(throws: TensorError.self) { _ = try tensor.reshaped(to: [2]) }
    for offsets in [[0, 3, 2], [1, 2, 4], [0, 2], [0, 2, 5]] {
      #expect(throws: TensorError.self) {
        _ = try StringTensor(offsets: offsets, bytes: [1, 2, 3, 4], shape: [2])
      }
    }
    #expect(
      try StringTensor(offsets: [0, 1], bytes: [0xFF], shape: [1])[0] == "\u{FFFD}")
  }
}
