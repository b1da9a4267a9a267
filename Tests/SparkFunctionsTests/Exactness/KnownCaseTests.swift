import ArrowIPC
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Numbers and arrays that once became others without a word.
@Suite struct KnownCaseTests {
  private static func decimals(_ texts: [String?], _ precision: Int, _ scale: Int) throws
    -> ArrowColumn
  {
    try ArrowColumn(
      texts.map { text in
        guard let text else { return .null }
        return .decimal(try #require(ArrowDecimal(text, byteWidth: 16, scale: scale)))
      }, type: .decimal(bitWidth: 128, precision: precision, scale: scale))
  }

  private static func closure<Input: PredictInput, Output: PredictOutput>(
    _ column: ArrowColumn, returning type: DataType = .string,
    shapes: InputTensorShapes = .none, nulls: NullPolicy = .fail, ragged: RaggedPolicy = .fail,
    _ body: @escaping @Sendable (Input) -> Output
  ) async throws -> [ArrowValue] {
    let function = PredictBatchUDF(
      "f", returning: type, batchSize: 2, inputTensorShapes: shapes, nulls: nulls, ragged: ragged
    ) { _ in { (input: Input) -> Output in body(input) } }
    return try await function.predictLocally(on: [Columns.batch(("v", column))]).values
  }

  private static func texts(_ values: [some Any]) -> [String] { values.map { "\($0)" } }

  private static func model(
    _ type: ElementType, _ shape: Shape, _ column: ArrowColumn, nulls: NullPolicy = .fail
  ) async throws -> AnyTensor {
    let log = Log<AnyTensor>()
    let model = StubModel.recorder(tensor("x", type, shape), log)
    let plan = try ModelPrediction.plan(
      model: model, reference: ModelReference(format: .onnx, file: "m.onnx"),
      table: StructType(arrow: ArrowSchema([ArrowField("x", column.type)])), batchSize: 100,
      nulls: nulls)
    let function = ModelPrediction(loaders: [.onnx: { _, _, _ in model }])
    let invocation = FunctionInvocation(
      function: function.name, id: function.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await function.evaluate(
      BatchList([Columns.batch(("x", column))]), invocation: invocation,
      worker: WorkerContext(models: ModelCache()))
    while try await output.next() != nil {}
    return try #require(log.entries.first)
  }

  @Test("numbers that integers cannot hold are errors in every closure")
  func closuresOfIntegers() async throws {
    let wrong: [(ArrowColumn, String)] = [
      (.numbers([1, 2, .nan] as [Double?]), "nan"),
      (.numbers([1, 2, .infinity] as [Double?]), "inf"),
      (.numbers([1, 2, 1e300] as [Double?]), "1e+300"),
      (.numbers([1, 2, 3.99] as [Double?]), "3.99"),
      (try Self.decimals(["1", "2", "99999999999999999999"], 20, 0), "99999999999999999999"),
      (.numbers([1, 2, 300] as [Int64?]), "300"), (.numbers([1, 2, -1] as [Int32?]), "-1"),
      (.numbers([1, 2, 0x1p53] as [Float?]), "9.007199e+15"),
    ]
    for (column, number) in wrong {
      let lists = ArrowColumn.lists(of: column, rows: 3, width: 1)
      for text in [
        await message {
          _ = try await Self.closure(column) { (x: Tensor<UInt8>) in Self.texts(x.scalars) }
        },
        await message { _ = try await Self.closure(column) { (x: [UInt8]) in Self.texts(x) } },
        await message { _ = try await Self.closure(column) { (x: [UInt8?]) in Self.texts(x) } },
        await message { _ = try await Self.closure(lists) { (x: [[UInt8]]) in Self.texts(x) } },
        await message { _ = try await Self.closure(lists) { (x: [[UInt8?]?]) in Self.texts(x) } },
        await message {
          _ = try await Self.closure(lists, shapes: [[1]]) { (x: Tensor<UInt8>) in
            Self.texts((0..<x.rowCount).map { $0 })
          }
        },
        await message {
          _ = try await Self.closure(lists, shapes: [[1]], ragged: .pad()) { (x: Tensor<UInt8>) in
            Self.texts((0..<x.rowCount).map { $0 })
          }
        },
      ] {
        for part in ["column 'v', row 2", "\(number) does not fit uint8"] {
          #expect(text.contains(part), "\(text)")
        }
      }
    }
  }

  @Test("decimals reach integers exactly")
  func decimalsToIntegers() async throws {
    let numbers = ["9007199254740993", "9007199254740995", "9223372036854775807"]
    let column = try Self.decimals(numbers, 20, 0)
    #expect(
      try await Self.closure(column) { (x: [Int64]) in Self.texts(x) }
        == numbers.map { .string($0) })
    #expect(
      try await Self.closure(column) { (x: [UInt64]) in Self.texts(x) }
        == numbers.map { .string($0) })
    #expect(
      try await Self.model(.int64, [-1], column)
        == .int64(Tensor([1 << 53 + 1, 1 << 53 + 3, .max])))
    let unsigned = try Self.decimals(["18446744073709551615", "5"], 20, 0)
    #expect(try await Self.model(.uint64, [-1], unsigned) == .uint64(Tensor([.max, 5])))
    for (texts, scale, row, part) in [
      (["3.99", "-3.99"], 2, 0, "3.99 does not fit int64: it is no whole number"),
      (["3.00", "2.50"], 2, 1, "2.50 does not fit int64: it is no whole number"),
      (["1", "18446744073709551615"], 0, 1, "18446744073709551615 does not fit int64"),
      (["99999999999999999999", "1"], 0, 0, "99999999999999999999 does not fit int64"),
    ] {
      let column = try Self.decimals(texts, 22, scale)
      let text = await message { _ = try await Self.model(.int64, [-1], column) }
      #expect(text.contains("column 'x', row \(row): \(part)"), "\(text)")
    }
    let lists = ArrowColumn.lists(
      of: try Self.decimals(["1.0", "9007199254740993.7"], 20, 1), rows: 1, width: 2)
    let text = await message { _ = try await Self.model(.int64, [-1, 2], lists) }
    #expect(text.contains("row 0, element 1: 9007199254740993.7 does not fit int64"), "\(text)")
    let bytes = try Self.decimals(["254.0", "255.9"], 20, 1)
    #expect(
      await message { _ = try await Self.model(.uint8, [-1], bytes) }.contains("row 1: 255.9"))
    let beyond = try Self.decimals(["1.0", "300.0"], 20, 1)
    #expect(await message { _ = try await Self.model(.uint8, [-1], beyond) }.contains("row 1: 300"))
  }

  @Test("decimals reach floating-point numbers to the nearest")
  func decimalsToFloats() async throws {
    let prices = try Self.decimals(["3.99", "12345678.12"], 10, 2)
    #expect(
      try await Self.model(.float64, [-1], prices) == .float64(Tensor([3.99, 12_345_678.12])))
    #expect(
      try await Self.model(.float32, [-1], prices) == .float32(Tensor([3.99, 12_345_678.12])))
    let long = try Self.decimals(["0.1234567890123456789012345678", "-123.456"], 38, 28)
    #expect(
      try await Self.model(.float64, [-1], long)
        == .float64(Tensor([0.1234567890123456789012345678, -123.456])))
  }

  @Test("integers and doubles are rounded in floating-point inputs, truth values are 0 and 1")
  func rounding() async throws {
    #expect(
      try await Self.model(.float32, [-1], .numbers([16_777_217, 1 << 53 + 1] as [Int64?]))
        == .float32(Tensor([16_777_216, 0x1p53])))
    #expect(
      try await Self.model(.float32, [-1], .numbers([1e300, -1e300] as [Double?]))
        == .float32(Tensor([.infinity, -.infinity])))
    #expect(
      try await Self.model(.float32, [-1], .booleans([true, false])) == .float32(Tensor([1, 0])))
  }

  private static func nested(_ rows: [[[Float]]]) throws -> ArrowColumn {
    try ArrowColumn(
      rows.map { row in .list(row.map { .list($0.map { .float(Double($0)) }) }) },
      type: .list(ArrowField("element", .list(ArrowField("element", .float32)))))
  }

  @Test("nested arrays of other dimensions are refused")
  func shapes() async throws {
    // Height, width, channels for a model of channels, height, width.
    let image = Columns.ascending(rows: 2 * 2 * 4, width: 3)
    let images = ArrowColumn.lists(
      of: .lists(of: image, rows: 2 * 2, width: 4), rows: 2, width: 2)
    let refused: [(Shape, ArrowColumn, [String])] = [
      ([-1, 3, 2, 4], images, ["row 0", "dimensions [2, 4, 3]", "expected [3, 2, 4]"]),
      (
        [-1, -1, -1], try Self.nested([[[1, 2], [3, 4], [5, 6]], [[1, 2, 3], [4, 5, 6]]]),
        ["row 1", "dimensions [2, 3]", "[3, 2]"]
      ),
      (
        [-1, -1, -1], try Self.nested([[[1, 2], [3, 4]], [[1, 2, 3], [4]]]),
        ["row 1", "3 and 1 elements"]
      ),
      ([-1, 2, 2], try Self.nested([[[1, 2], [3]]]), ["row 0", "2 and 1 elements"]),
      (
        [-1, 6], try Self.nested([[[1, 2], [3, 4], [5, 6]]]), ["row 0", "[3, 2]", "expected [6]"]
      ),
      (
        [-1, 3], try Columns.ragged([[1, 2, 3], [1, nil, 3]]),
        ["row 1, element 1: the value is null"]
      ),
      ([-1, -1, -1], Columns.ascending(rows: 2, width: 6), ["6 elements", "several dimensions"]),
      ([-1, 4, -1], Columns.ascending(rows: 2, width: 6), ["6 elements", "[4, ?]"]),
      ([-1, 4], Columns.ascending(rows: 2, width: 6), ["row 0", "6 elements"]),
    ]
    for (shape, column, parts) in refused {
      let text = await message { _ = try await Self.model(.float32, shape, column) }
      for part in ["column 'x'"] + parts { #expect(text.contains(part), "\(text)") }
      #expect(!text.contains("define the function"), "\(text)")
    }
    for (shape, expected) in [
      ([-1, 2, 4, 3], [2, 2, 4, 3]), ([-1, -1, -1, 3], [2, 2, 4, 3]),
      ([-1, 2, 4, -1], [2, 2, 4, 3]),
      ([-1, 1, 2, 4, 3], [2, 1, 2, 4, 3]),
    ] as [(Shape, Shape)] {
      #expect(try await Self.model(.float32, shape, images).shape == expected)
    }
    let flat = Columns.ascending(rows: 2, width: 24)
    for (shape, expected) in [
      ([-1, 3, 2, 4], [2, 3, 2, 4]), ([-1, -1, 12], [2, 2, 12]), ([-1, 24], [2, 24]),
    ] as [(Shape, Shape)] {
      #expect(try await Self.model(.float32, shape, flat).shape == expected)
    }
  }

  @Test("nested arrays of strings keep their dimensions too")
  func strings() async throws {
    let words = ArrowColumn.strings(["a", "b", "c", "d", "e", "f"])
    let column = ArrowColumn.lists(of: .lists(of: words, rows: 3, width: 2), rows: 1, width: 3)
    guard case .string(let tensor) = try await Self.model(.string, [-1, 3, 2], column) else {
      Issue.record("no strings")
      return
    }
    #expect(tensor.shape == [1, 3, 2] && tensor.strings == ["a", "b", "c", "d", "e", "f"])
    let text = await message { _ = try await Self.model(.string, [-1, 2, 3], column) }
    #expect(text.contains("row 0") && text.contains("[3, 2]"), "\(text)")
  }

  @Test("results are exact in integers")
  func results() async throws {
    for (number, part) in [
      (Double.nan, "nan does not fit"), (3.99, "3.99 does not fit"), (1e300, "1e+300 does not fit"),
      (-129, "-129.0 does not fit"),
    ] {
      let column = ArrowColumn.numbers([1, 2, 3] as [Double?])
      for text in [
        await message {
          _ = try await Self.closure(column, returning: .byte) { (x: Tensor<Double>) in
            x.map { $0 == 3 ? number : 1 }
          }
        },
        await message {
          _ = try await Self.closure(column, returning: .byte) { (x: [Double]) in
            x.map { $0 == 3 ? number : 1 }
          }
        },
        await message {
          _ = try await Self.closure(column, returning: .byte) { (x: [Double]) in
            x.map { $0 == 3 ? Double?.some(number) : nil }
          }
        },
        await message {
          _ = try await Self.closure(column, returning: .array(.byte)) { (x: [Double]) in
            x.map { [1, $0 == 3 ? number : 1] }
          }
        },
        await message {
          _ = try await Self.closure(column, returning: .struct(["y": .byte])) { (x: [Double]) in
            x.map { ["y": $0 == 3 ? number : 1] }
          }
        },
      ] {
        for expected in ["row 2", part, "tinyint"] { #expect(text.contains(expected), "\(text)") }
      }
    }
  }

  @Test("what fills nulls and short rows must be a number of the type")
  func filling() async throws {
    let column = ArrowColumn.numbers([1, nil, 3] as [Int32?])
    for (number, part) in [
      (0.5, "0.5 is no uint8"), (300, "300.0 is no uint8"), (.nan, "nan is no uint8"),
    ] {
      let text = await message {
        _ = try await Self.closure(column, nulls: .fill(number)) { (x: [UInt8]) in Self.texts(x) }
      }
      #expect(text.contains("column 'v'") && text.contains(part), "\(text)")
      let short = try Columns.ragged([[1, 2], [3]])
      let padded = await message {
        _ = try await Self.closure(short, shapes: [[-1]], ragged: .pad(with: number)) {
          (x: Tensor<UInt8>) in Self.texts((0..<x.rowCount).map { $0 })
        }
      }
      #expect(padded.contains(part), "\(padded)")
      // Nothing to fill.
      let full = ArrowColumn.numbers([1, 2] as [Int32?])
      #expect(
        try await Self.closure(full, nulls: .fill(number)) { (x: [UInt8]) in Self.texts(x) }
          == [.string("1"), .string("2")])
    }
  }

  @Test("binary rows of a wrong length are told in elements of the input's type")
  func lengthsOfBytes() async throws {
    let column = try ArrowColumn(
      [.null, .binary(Array(repeating: 0, count: 8))], type: .binary)
    let text = await message {
      _ = try await Self.closure(column, shapes: [[2]], nulls: .fill(0)) { (x: Tensor<Double>) in
        Self.texts(x.scalars)
      }
    }
    for expected in ["row 1", "has 1 elements", "(as float64 in little-endian bytes)"] {
      #expect(text.contains(expected), "\(text)")
    }
  }

  @Test("what stands in the places of null rows does not matter")
  func junk() async throws {
    let junk = ArrowColumn(
      unchecked: .float64, count: 3, nullCount: 1, validity: Bitmap([true, false, true]).buffer,
      buffers: [ArrowBuffer(copying: [1, 1e300, 3])])
    #expect(
      try await Self.closure(junk, nulls: .fill(7)) { (x: [UInt8]) in Self.texts(x) }
        == [.string("1"), .string("7"), .string("3")])
    // A null list whose elements are still there.
    let elements = ArrowColumn.numbers([1, 2, .nan, 1e300, 5, 6] as [Double?])
    let lists = ArrowColumn(
      unchecked: .list(ArrowField("element", .float64)), count: 3, nullCount: 1,
      validity: Bitmap([true, false, true]).buffer,
      buffers: [ArrowBuffer(copying: [0, 2, 4, 6] as [Int32])], children: [elements])
    #expect(
      try await Self.closure(lists, shapes: [[2]], nulls: .fill(7)) { (x: Tensor<UInt8>) in
        Self.texts((0..<x.rowCount).map { x.rows($0..<$0 + 1).scalars })
      } == ["[1, 2]", "[7, 7]", "[5, 6]"].map { .string($0) })
    #expect(
      try await Self.closure(lists) { (x: [[UInt8]?]) in x.map { "\($0?.count ?? -1)" } }
        == ["2", "-1", "2"].map { .string($0) })
  }
}
