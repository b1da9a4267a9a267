import ArrowIPC
import Tensors
import Testing

/// Columns become tensors.
struct TensorBridgeTests {
  static let list = ArrowType.list(ArrowField("element", .float32))
  static let largeList = ArrowType.largeList(ArrowField("element", .float32))
  static let fixedList = ArrowType.fixedSizeList(ArrowField("element", .float32), count: 2)

  static func floats(_ rows: [[Float]?]) -> [ArrowValue] {
    rows.map { row in row.map { .list($0.map { .float(Double($0)) }) } ?? .null }
  }

  static func failure(_ body: () throws -> Void) -> ArrowConversionError? {
    do { try body() } catch { return error as? ArrowConversionError }
    return nil
  }

  @Test("numbers of the same type are a view, of sliced columns too")
  func views() throws {
    let column = ArrowColumn.numbers([Float](arrayLiteral: 1, 2, 3, 4).map { $0 as Float? })
    let tensor: Tensor<Float> = try column.slice(1..<3).tensor()
    #expect(tensor == Tensor([2, 3]))
    #expect(tensor.memory.storage === column.buffers[0].storage)
    #expect(ArrowColumn(tensor).buffers[0].storage === column.buffers[0].storage)
    #expect(ArrowColumn(tensor).values == [.float(2), .float(3)])
  }

  @Test(
    "numbers of every type convert",
    arguments: [
      .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16, .float32,
      .float64,
    ] as [ArrowType])
  func conversions(type: ArrowType) throws {
    let column = try ArrowColumn([.int(0), .int(1), .int(100)], type: type).slice(1..<3)
    #expect(try column.tensor(of: Float.self) == Tensor([1, 100]))
    #expect(try column.tensor(of: Double.self) == Tensor([1, 100]))
    #expect(try column.tensor(of: Int64.self) == Tensor([1, 100]))
    #expect(try column.tensor(of: UInt8.self) == Tensor([1, 100]))
    #expect(try column.tensor(of: Float16.self) == Tensor([1, 100]))
    #expect(try column.tensor(of: BFloat16.self) == Tensor([1.0, 100.0]))
    #expect(
      Self.failure { _ = try column.tensor(of: Bool.self) }
        == .type(found: type.description, expected: .bool))
  }

  @Test("booleans, dates, times and decimals")
  func otherScalars() throws {
    let truths = ArrowColumn.booleans([true, false, true, true]).slice(1..<4)
    #expect(try truths.tensor(of: Bool.self) == Tensor([false, true, true]))
    #expect(try truths.tensor(of: Float.self) == Tensor([0, 1, 1]))
    let dates = try ArrowColumn([.int(-1), .int(20_000)], type: .date32)
    #expect(try dates.tensor(of: Int32.self) == Tensor([-1, 20_000]))
    let decimals = try ArrowColumn(
      ["-1.25", "3.50"].compactMap {
        ArrowDecimal($0, byteWidth: 16, scale: 2).map { .decimal($0) }
      },
      type: .decimal(bitWidth: 128, precision: 10, scale: 2))
    #expect(try decimals.tensor(of: Double.self) == Tensor([-1.25, 3.5]))
    let strings = ArrowColumn.strings(["a"])
    #expect(
      Self.failure { _ = try strings.tensor(of: Float.self) }
        == .type(found: "string", expected: .float32))
    let coded = try ArrowColumn(
      [.int(5), .int(6), .int(5)],
      type: .dictionary(id: 0, index: .int8, value: .int32, isOrdered: false))
    #expect(try coded.slice(1..<3).tensor(of: Int32.self) == Tensor([6, 5]))
  }

  @Test("nulls are errors that name the row, or are filled")
  func nulls() throws {
    let column = ArrowColumn.numbers([1, 2, nil, 4] as [Float?])
    #expect(Self.failure { _ = try column.tensor(of: Float.self) } == .null(row: 2))
    #expect(
      Self.failure { _ = try column.slice(1..<4).tensor(of: Double.self) } == .null(row: 1))
    #expect(try column.tensor(nulls: .fill(9)) == Tensor<Float>([1, 2, 9, 4]))
    #expect(try column.slice(0..<2).tensor(of: Float.self) == Tensor([1, 2]))
  }

  @Test("lists of every layout", arguments: [list, largeList, fixedList])
  func lists(type: ArrowType) throws {
    let column = try ArrowColumn(Self.floats([[1, 2], [3, 4], [5, 6]]), type: type)
    let all = try Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [3, 2])
    #expect(try column.tensor() == all)
    #expect(try column.slice(1..<3).tensor() == all.rows(1..<3))
    #expect(try column.tensor(rowShape: [2, 1]) == all.reshaped(to: [3, 2, 1]))
    #expect(try column.tensor(rowShape: [1, -1]) == all.reshaped(to: [3, 1, 2]))
    #expect(try column.tensor(of: Int32.self)[2, 1] == 6)
    #expect(try column.slice(2..<2).tensor(of: Float.self, rowShape: [2]).shape == [0, 2])
    let tensor: Tensor<Float> = try column.tensor()
    #expect(tensor.memory.storage === column.children[0].buffers[0].storage)
    #expect(
      Self.failure { _ = try column.tensor(of: Float.self, rowShape: [3]) }
        == .ragged(row: 0, found: 2, expected: 3))
  }

  @Test("lists with nulls name row and element", arguments: [list, largeList, fixedList])
  func listNulls(type: ArrowType) throws {
    let missing = try ArrowColumn(Self.floats([[1, 2], nil, [5, 6]]), type: type)
    #expect(Self.failure { _ = try missing.tensor(of: Float.self) } == .null(row: 1))
    #expect(
      Self.failure { _ = try missing.slice(1..<3).tensor(of: Float.self) } == .null(row: 0))
    let holes = try ArrowColumn(
      [.list([.float(1), .float(2)]), .list([.float(3), .null])], type: type)
    #expect(
      Self.failure { _ = try holes.tensor(of: Float.self) } == .nullElement(row: 1, index: 1))
    #expect(
      try holes.tensor(nulls: .fill(0)) == Tensor<Float>([1, 2, 3, 0], shape: [2, 2]))
  }

  @Test("a null in lists of one element is one of the element")
  func singleElement() throws {
    let column = try ArrowColumn([.list([.float(1)]), .list([.null])], type: Self.list)
    #expect(
      Self.failure { _ = try column.tensor(of: Float.self) } == .nullElement(row: 1, index: 0))
  }

  @Test("ragged lists name the row", arguments: [list, largeList])
  func ragged(type: ArrowType) throws {
    let column = try ArrowColumn(Self.floats([[9], [1, 2], [3, 4], [5]]), type: type)
    #expect(
      Self.failure { _ = try column.slice(1..<4).tensor(of: Float.self) }
        == .ragged(row: 2, found: 1, expected: 2))
    #expect(
      try column.slice(1..<3).tensor() == Tensor<Float>([1, 2, 3, 4], shape: [2, 2]))
  }

  @Test("nested lists keep their dimensions")
  func nested() throws {
    let type = ArrowType.list(ArrowField("element", Self.list))
    func row(_ rows: [[Float]]) -> ArrowValue { .list(Self.floats(rows)) }
    let column = try ArrowColumn(
      [row([[0], [0]]), row([[1, 2], [3, 4]]), row([[5, 6], [7, 8]])], type: type)
    let tensor: Tensor<Float> = try column.slice(1..<3).tensor()
    #expect(tensor == (try Tensor([1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 2, 2])))
    for shape: Shape in [[2, 2], [-1, 2], [-1, -1], [1, 2, 2], [2, 1, 2, 1]] {
      let tensor: Tensor<Float> = try column.slice(1..<3).tensor(rowShape: shape)
      #expect(tensor.count == 8 && tensor.shape.rank == shape.rank + 1)
    }
    for shape: Shape in [[4], [-1], [1, 4], [1, -1, 2]] {
      #expect(
        Self.failure { _ = try column.slice(1..<3).tensor(of: Float.self, rowShape: shape) }
          == .dimensions(row: 0, found: [2, 2], expected: shape))
    }
    #expect(try column.slice(1..<3).tensor(of: Float.self, rowShape: [2, 2]).shape == [2, 2, 2])
    #expect(
      Self.failure { _ = try column.tensor(of: Float.self) }
        == .dimensions(row: 1, found: [2, 2], expected: [2, 1]))
    let jagged = try ArrowColumn(
      [row([[1, 2], [3, 4]]), row([[1, 2, 3], [4]])], type: type)
    #expect(
      Self.failure { _ = try jagged.tensor(of: Float.self) }
        == .jagged(row: 1, found: 1, expected: 3))
    let holes = try ArrowColumn(
      [row([[1, 2], [3, 4]]), .list([.list([.float(1), .float(2)]), .null])], type: type)
    #expect(
      Self.failure { _ = try holes.tensor(of: Float.self) } == .nullElement(row: 1, index: 1))
  }

  @Test("binary columns are raw little-endian elements")
  func raw() throws {
    let bytes: [[UInt8]?] = [[9, 9, 9, 9], [0, 0, 0x80, 0x3F], [0, 0, 0, 0x40]]
    let column = ArrowColumn.binary(bytes).slice(1..<3)
    #expect(try column.tensor(of: Float.self) == Tensor([1, 2], shape: [2, 1]))
    #expect(try column.tensor(of: UInt8.self, rowShape: [2, 2]).shape == [2, 2, 2])
    #expect(
      try column.tensor(of: Bool.self).scalars == [
        false, false, true, true, false, false, false, true,
      ])
    let fixed = try ArrowColumn(
      bytes.map { .binary($0 ?? []) }, type: .fixedSizeBinary(byteWidth: 4))
    #expect(try fixed.slice(1..<3).tensor(of: Float.self) == Tensor([1, 2], shape: [2, 1]))
    let odd = ArrowColumn.binary([[1, 2, 3, 4], [1, 2]])
    #expect(
      Self.failure { _ = try odd.tensor(of: UInt16.self) }
        == .ragged(row: 1, found: 1, expected: 2))
    #expect(
      Self.failure { _ = try ArrowColumn.binary([nil]).tensor(of: UInt8.self) } == .null(row: 0))
    // Not aligned: copied.
    let shifted = ArrowColumn.binary([[1], [0, 0, 0x80, 0x3F]]).slice(1..<2)
    #expect(try shifted.tensor(of: Float.self) == Tensor([1], shape: [1, 1]))
  }

  @Test("structs of numbers are rows of one element for each field")
  func structure() throws {
    let column = try ArrowColumn.structure([
      ("a", .numbers([1, 2, 3] as [Float?])), ("b", .numbers([10, nil, 30] as [Int64?])),
    ])
    #expect(
      Self.failure { _ = try column.tensor(of: Float.self) } == .nullElement(row: 1, index: 1))
    #expect(
      try column.tensor(nulls: .fill(0)) == Tensor<Float>([1, 10, 2, 0, 3, 30], shape: [3, 2]))
    #expect(
      try column.slice(2..<3).tensor(of: Double.self) == Tensor([3, 30], shape: [1, 2]))
  }

  @Test("columns of elements of every size stand side by side")
  func interleaving() throws {
    func check<Element: TensorElement>(
      _ first: [Element], _ second: [Element], _ rows: [Element]
    ) throws {
      let made = Tensor<Element>.interleaving([Tensor(first), Tensor(second)])
      #expect(try made == Tensor(rows, shape: [first.count, 2]))
    }
    try check([true, false, true], [false, false, true], [true, false, false, false, true, true])
    try check([1, 2] as [Int16], [3, -4], [1, 3, 2, -4])
    try check([1.5, 2] as [Float], [3, -4], [1.5, 3, 2, -4])
    try check([1.5, 2] as [Double], [3, -4], [1.5, 3, 2, -4])
    try check([1.5, 2.5] as [BFloat16], [3.5, 0.5], [1.5, 3.5, 2.5, 0.5])
    try check([] as [Float], [], [])
  }

  @Test("tensors become list columns that share their memory")
  func listColumns() throws {
    let tensor = try Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [3, 2])
    let column = ArrowColumn.lists(of: ArrowColumn(tensor), rows: 3, width: 2)
    #expect(column.values == Self.floats([[1, 2], [3, 4], [5, 6]]))
    #expect(column.children[0].buffers[0].storage === tensor.memory.storage)
    #expect(try column.tensor() == tensor)
    #expect(ArrowColumn(Tensor([true, false])).values == [.bool(true), .bool(false)])
    #expect(ArrowColumn(Tensor<BFloat16>([1.5])).values == [.float(1.5)])
  }

  @Test("the scale of decimals moves the point either way", arguments: [(-2, 12000.0), (2, 1.2)])
  func decimalScale(scale: Int, expected: Double) throws {
    let decimal = ArrowDecimal(bytes: [120] + [UInt8](repeating: 0, count: 15), scale: scale)
    let column = try ArrowColumn(
      [.decimal(decimal)], type: .decimal(bitWidth: 128, precision: 5, scale: scale))
    #expect(try column.tensor(of: Double.self) == Tensor([expected]))
  }

  @Test("decimals print and parse", arguments: ["0.00", "-0.01", "12.34", "-99999999999999.99"])
  func decimals(text: String) throws {
    #expect(ArrowDecimal(text, byteWidth: 16, scale: 2)?.description == text)
    #expect(ArrowDecimal("1.234", byteWidth: 16, scale: 2) == nil)
    #expect(ArrowDecimal("-12000", byteWidth: 16, scale: -2)?.unscaledDigits == "-120")
    #expect(ArrowDecimal("12010", byteWidth: 16, scale: -2) == nil)
    #expect(ArrowDecimal("300", byteWidth: 1, scale: 0) == nil)
  }
}
