import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Every row of the table of inputs.
@Suite struct InputMatrixTests {
  private let log = Log<Seen>()

  /// A function of one tensor that records what it gets.
  private func one(
    _ shapes: InputTensorShapes = .none, batchSize: Int = 100, nulls: NullPolicy = .fail,
    ragged: RaggedPolicy = .fail
  ) -> PredictBatchUDF<NoParameters, Tensor<Float>, [Int64]> {
    PredictBatchUDF(
      "one", returning: .long, batchSize: batchSize, inputTensorShapes: shapes, nulls: nulls,
      ragged: ragged
    ) { [log] _ in
      { (input: Tensor<Float>) -> [Int64] in
        log.append(Seen(shape: input.shape, values: input.scalars))
        return (0..<Int64(input.rowCount)).map { $0 }
      }
    }
  }

  private func two(
    _ shapes: InputTensorShapes = .none
  ) -> PredictBatchUDF<NoParameters, Tensor<Float>, Tensor<Float>, [Int64]> {
    PredictBatchUDF("two", returning: .long, batchSize: 100, inputTensorShapes: shapes) {
      [log] _ in
      { (a: Tensor<Float>, b: Tensor<Float>) -> [Int64] in
        log.append(Seen(shape: a.shape, values: a.scalars))
        log.append(Seen(shape: b.shape, values: b.scalars))
        return (0..<Int64(a.rowCount)).map { $0 }
      }
    }
  }

  private static func scalars() throws -> RecordBatch {
    try Columns.batch(("a", Columns.floats([1, 2, 3])), ("b", Columns.floats([4, 5, 6])))
  }

  private static func structure() throws -> RecordBatch {
    try Columns.batch(
      ("s", .structure([("a", Columns.floats([1, 2, 3])), ("b", Columns.floats([4, 5, 6]))])))
  }

  @Test(arguments: [1, 3]) func scalarColumnIsOneDimensional(rows: Int) async throws {
    let column = Columns.floats((0..<rows).map { Float($0) })
    _ = try await one().predictLocally(on: [Columns.batch(("x", column))])
    #expect(log.entries.map(\.shape) == [[rows]])
  }

  @Test(
    arguments: [
      ([nil], [3]), ([[]], [3]), ([[1]], [3, 1]), ([[-1]], [3, 1]),
    ] as [(InputTensorShapes, Shape)])
  func shapesForScalarColumn(shapes: InputTensorShapes, expected: Shape) async throws {
    _ = try await one(shapes).predictLocally(on: [
      Columns.batch(("x", Columns.floats([1, 2, 3])))
    ])
    #expect(log.entries.map(\.shape) == [expected])
  }

  @Test(
    arguments: [
      ([[1]], [3, 1]), ([[3]], [3, 3]), ([[1, 3]], [3, 1, 3]), ([[3, -1]], [3, 3, 1]),
      ([0: [3]], [3, 3]), ([[-1]], [3, 3]),
    ] as [(InputTensorShapes, Shape)])
  func tensorColumn(shapes: InputTensorShapes, expected: Shape) async throws {
    let width = expected.rowShape.elementCount ?? 0
    let batch = try Columns.batch(("x", Columns.ascending(rows: 3, width: width)))
    _ = try await one(shapes).predictLocally(on: [batch])
    #expect(
      log.entries == [Seen(shape: expected, values: (0..<3 * width).map { Float($0) })])
  }

  @Test func nestedArraysMustHaveTheDimensions() async throws {
    let inner = Columns.ascending(rows: 6, width: 2)
    let batch = try Columns.batch(("x", .lists(of: inner, rows: 2, width: 3)))
    for (shape, expected) in [
      ([3, 2], [3, 2]), ([-1, 2], [3, 2]), ([1, 3, 2], [1, 3, 2]), ([3, 2, 1], [3, 2, 1]),
    ] as [(Shape, Shape)] {
      _ = try await one([shape]).predictLocally(on: [batch])
      #expect(log.entries.last?.shape == expected.batched(2))
    }
    for shape: Shape in [[2, 3], [6], [2, 3, 1], [3, -1, 2], [-1]] {
      let text = await message { _ = try await one([shape]).predictLocally(on: [batch]) }
      for expected in ["column 'x', row 0", "dimensions [3, 2]", "expected \(shape)", "flatten"] {
        #expect(text.contains(expected), "\(text)")
      }
    }
  }

  @Test func binaryColumnHoldsRawElements() async throws {
    let batch = try Columns.batch(("x", Columns.raw([[1, 2], [3, 4]])))
    _ = try await one([[2]]).predictLocally(on: [batch])
    #expect(log.entries == [Seen(shape: [2, 2], values: [1, 2, 3, 4])])
  }

  @Test func structOfScalarsIsAMatrix() async throws {
    for shapes: InputTensorShapes in [.none, [[2]], [nil]] {
      _ = try await one(shapes).predictLocally(on: [Self.structure()])
      #expect(log.entries.last == Seen(shape: [3, 2], values: [1, 4, 2, 5, 3, 6]))
    }
  }

  @Test func structOfOneTensorIsThatColumn() async throws {
    let batch = try Columns.batch(
      ("s", .structure([("t", Columns.ascending(rows: 2, width: 2))])))
    _ = try await one([[2]]).predictLocally(on: [batch])
    #expect(log.entries.map(\.shape) == [[2, 2]])
  }

  @Test func columnsAndStructFieldsFeedSeveralInputs() async throws {
    for batch in [try Self.scalars(), try Self.structure()] {
      _ = try await two().predictLocally(on: [batch])
      #expect(
        log.entries.suffix(2) == [
          Seen(shape: [3], values: [1, 2, 3]), Seen(shape: [3], values: [4, 5, 6]),
        ])
    }
    let mixed = try Columns.batch(
      ("a", Columns.ascending(rows: 3, width: 2)), ("b", Columns.floats([4, 5, 6])))
    for shapes: InputTensorShapes in [[[2], nil], [0: [2]], [[2], [1]]] {
      _ = try await two(shapes).predictLocally(on: [mixed])
      #expect(log.entries.suffix(2).first?.shape == [3, 2])
      #expect(log.entries.last?.shape == (shapes == [[2], [1]] ? [3, 1] : [3]))
    }
  }

  @Test func tensorsOfTheSameTypeAreViews() async throws {
    let column = Columns.ascending(rows: 4, width: 2)
    let storage = column.children[0].buffers[0].storage
    let same = Log<Bool>()
    let function = PredictBatchUDF(
      "view", returning: .long, batchSize: 2, inputTensorShapes: [[2]]
    ) { _ in
      { (input: Tensor<Float>) -> Tensor<Int64> in
        same.append(input.memory.storage === storage)
        return Tensor(repeating: 0, shape: [input.rowCount])
      }
    }
    _ = try await function.predictLocally(on: [Columns.batch(("x", column))])
    #expect(same.entries == [true, true])
  }

  @Test(arguments: [ElementType.int8, .int32, .int64, .float64, .float16, .bool])
  func numbersAreConverted(type: ElementType) async throws {
    let column: ArrowColumn =
      switch type {
      case .int8: ArrowColumn(Tensor<Int8>([1, 0, 1]))
      case .int32: ArrowColumn(Tensor<Int32>([1, 0, 1]))
      case .int64: ArrowColumn(Tensor<Int64>([1, 0, 1]))
      case .float64: ArrowColumn(Tensor<Double>([1, 0, 1]))
      case .float16: ArrowColumn(Tensor<Float16>([1, 0, 1]))
      default: .booleans([true, false, true])
      }
    _ = try await one().predictLocally(on: [Columns.batch(("x", column))])
    _ = try await one([[1]]).predictLocally(on: [
      Columns.batch(("x", .lists(of: column, rows: 3, width: 1)))
    ])
    #expect(log.entries.map(\.values) == [[1, 0, 1], [1, 0, 1]])
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    var name: String
    var batch: @Sendable () throws -> RecordBatch
    var inputs = 1
    var shapes: InputTensorShapes = .none
    var texts: [String]
    var isDriverSide = true
    var testDescription: String { name }
  }

  static let failures: [Failure] = [
    Failure(
      name: "shape for a scalar column",
      batch: { try Columns.batch(("x", Columns.floats([1]))) }, shapes: [[4]],
      texts: ["Invalid input_tensor_shape for scalar column.", "column 'x'", "[4]"]),
    Failure(
      name: "several scalar columns for one input", batch: scalars,
      texts: [
        "Multiple input columns found, but model expected a single input, use `array` to combine "
          + "columns into tensors."
      ]),
    Failure(
      name: "struct with another shape", batch: structure, shapes: [[3]],
      texts: ["Input data does not match expected shape.", "2 fields", "[3]"]),
    Failure(
      name: "tensor column without shapes",
      batch: { try Columns.batch(("x", Columns.ascending(rows: 2, width: 2))) },
      texts: ["Tensor columns require input_tensor_shapes", "column 'x'"]),
    Failure(
      name: "tensor columns without shapes",
      batch: {
        try Columns.batch(
          ("x", Columns.ascending(rows: 2, width: 2)), ("y", Columns.floats([1, 2])))
      }, inputs: 2, texts: ["Tensor columns require input_tensor_shapes", "column 'x'"]),
    Failure(
      name: "too many columns",
      batch: {
        try Columns.batch(
          ("a", Columns.floats([1])), ("b", Columns.floats([1])), ("c", Columns.floats([1])))
      }, inputs: 2, texts: ["Model expected 2 inputs, but received 3 columns"]),
    Failure(
      name: "too few columns", batch: { try Columns.batch(("a", Columns.floats([1]))) }, inputs: 2,
      texts: ["Model expected 2 inputs, but received 1 columns"]),
    Failure(
      name: "too few fields",
      batch: { try Columns.batch(("s", .structure([("a", Columns.floats([1]))]))) }, inputs: 2,
      texts: ["Model expected 2 inputs, but received 1 columns", "struct"]),
    Failure(
      name: "shapes of another number of columns", batch: scalars, inputs: 2, shapes: [[1]],
      texts: ["input_tensor_shapes must match columns"]),
    Failure(
      name: "a shape outside of the inputs", batch: scalars, inputs: 2, shapes: [2: [1]],
      texts: ["input_tensor_shapes must match columns", "input 2"]),
    Failure(
      name: "several shapes for one input",
      batch: { try Columns.batch(("x", Columns.ascending(rows: 1, width: 2))) },
      shapes: [[2], [2]],
      texts: ["Multiple input_tensor_shapes found, but model expected one input"]),
    Failure(
      name: "reshape that changes the rows",
      batch: { try Columns.batch(("x", Columns.ascending(rows: 4, width: 3))) }, shapes: [[6]],
      texts: ["Input data does not match expected shape.", "'x'", "3 elements", "[6]"],
      isDriverSide: false),
    Failure(
      name: "open dimension that does not divide",
      batch: { try Columns.batch(("x", Columns.ascending(rows: 4, width: 3))) }, shapes: [[2, -1]],
      texts: ["Input data does not match expected shape.", "'x'", "[2, ?]"], isDriverSide: false),
    Failure(
      name: "struct of tensors for one input",
      batch: {
        let tensor = Columns.ascending(rows: 1, width: 2)
        return try Columns.batch(("s", .structure([("a", tensor), ("b", tensor)])))
      }, shapes: [[2]], texts: ["Multiple input columns found, but model expected a single input"]),
    Failure(
      name: "strings for numbers", batch: { try Columns.batch(("x", .strings(["a"]))) },
      texts: ["column 'x'", "the column is string"]),
    Failure(
      name: "array of strings for numbers",
      batch: { try Columns.batch(("x", .lists(of: .strings(["a"]), rows: 1, width: 1))) },
      shapes: [[1]], texts: ["column 'x'"]),
    Failure(
      name: "shape with a zero", batch: { try Columns.batch(("x", Columns.floats([1]))) },
      shapes: [[0]], texts: ["[0]", "no size"]),
    Failure(
      name: "bytes that are no whole elements",
      batch: { try Columns.batch(("x", .binary([[1, 2, 3, 4], [1, 2, 3, 4, 5]]))) },
      shapes: [[1]], texts: ["column 'x', row 1", "little-endian"], isDriverSide: false),
  ]

  @Test(arguments: failures) func reports(failure: Failure) async throws {
    let batch = try failure.batch()
    for isDriver in [true, false] {
      let text = await message {
        let arguments = try batch.schema.fields.map {
          (name: $0.name, type: try DataType(arrow: $0.type))
        }
        if failure.inputs == 1 {
          if isDriver { return try one(failure.shapes).check(arguments: arguments) }
          _ = try await one(failure.shapes).evaluateUnchecked([batch])
        } else {
          if isDriver { return try two(failure.shapes).check(arguments: arguments) }
          _ = try await two(failure.shapes).evaluateUnchecked([batch])
        }
      }
      if isDriver, !failure.isDriverSide {
        #expect(text == "no error")
      } else {
        for expected in failure.texts { #expect(text.contains(expected), "\(text)") }
      }
    }
  }

  // MARK: - Nulls and ragged rows

  @Test func nullAndRaggedRowsAreNamed() async throws {
    let cases: [(ArrowColumn, InputTensorShapes, [String])] = [
      (.numbers([1, nil, 3] as [Float?]), .none, ["column 'x', row 1", "null"]),
      (try Columns.ragged([[1, 2], nil, [3, 4]]), [[2]], ["column 'x', row 1", "null"]),
      (
        try Columns.ragged([[1, 2], [3, nil]]), [[2]],
        ["column 'x', row 1, element 1: the value is null"]
      ),
      (
        try Columns.ragged([[1, 2], [3, 4], [5]]), [[2]],
        ["column 'x', row 2", "1 elements", "needs 2", "Input data does not match"]
      ),
      (try Columns.ragged([[1, 2], [3, 4], [5]]), [[-1]], ["column 'x', row 2", "first row"]),
      (try Columns.ragged([[], [3, 4]]), [[2]], ["column 'x', row 0", "0 elements"]),
    ]
    for (column, shapes, texts) in cases {
      let text = await message {
        _ = try await one(shapes).predictLocally(on: [Columns.batch(("x", column))])
      }
      for expected in texts { #expect(text.contains(expected), "\(text)") }
    }
  }

  @Test func rowsAreCountedThroughThePartition() async throws {
    let first = try Columns.batch(("x", Columns.ascending(rows: 7, width: 2)))
    let second = try Columns.batch(("x", try Columns.ragged([[1, 2], [1, 2], [1, 2], [1]])))
    let text = await message {
      _ = try await one([[2]], batchSize: 4).predictLocally(on: [first, second])
    }
    #expect(text.contains("column 'x', row 10"), "\(text)")
    #expect(log.entries.count == 2)
  }

  @Test func nullsAreFilled() async throws {
    let scalars = try Columns.batch(("x", .numbers([1, nil, 3] as [Float?])))
    _ = try await one(nulls: .fill(-1)).predictLocally(on: [scalars])
    let arrays = try Columns.batch(("x", try Columns.ragged([[1, nil], nil, [3, 4]])))
    _ = try await one([[2]], nulls: .fill(9)).predictLocally(on: [arrays])
    #expect(
      log.entries == [
        Seen(shape: [3], values: [1, -1, 3]), Seen(shape: [3, 2], values: [1, 9, 9, 9, 3, 4]),
      ])
    _ = try await one(nulls: .fill(.nan)).predictLocally(on: [scalars])
    #expect(log.entries.last?.values[1].isNaN == true)
  }

  @Test func rowsWithNullsAreSkipped() async throws {
    let batch = try Columns.batch(
      ("x", try Columns.ragged([nil, [1, 2], [3, nil], [5, 6], [7, 8], nil])))
    let column = try await one([[2]], nulls: .skip).predictLocally(on: [batch])
    #expect(log.entries == [Seen(shape: [3, 2], values: [1, 2, 5, 6, 7, 8])])
    #expect(column.values == [.null, .int(0), .null, .int(1), .int(2), .null])

    let text = await message {
      let ragged = try Columns.batch(("x", try Columns.ragged([nil, [1, 2], nil, [1]])))
      _ = try await one([[2]], nulls: .skip).predictLocally(on: [ragged])
    }
    #expect(text.contains("column 'x', row 3"), "\(text)")

    let nothing = try Columns.batch(("x", try Columns.ragged([nil, nil])))
    let nulls = try await one([[2]], nulls: .skip).predictLocally(on: [nothing])
    #expect(nulls.values == [.null, .null])
  }

  @Test func raggedRowsAreFilledUp() async throws {
    let batch = try Columns.batch(("x", try Columns.ragged([[1], [2, 3, 4], []])))
    _ = try await one([[-1]], ragged: .pad(with: 7)).predictLocally(on: [batch])
    _ = try await one([[4]], ragged: .pad()).predictLocally(on: [batch])
    _ = try await one([[-1]], ragged: .pad(to: 3)).predictLocally(on: [batch])
    #expect(
      log.entries == [
        Seen(shape: [3, 3], values: [1, 7, 7, 2, 3, 4, 7, 7, 7]),
        Seen(shape: [3, 4], values: [1, 0, 0, 0, 2, 3, 4, 0, 0, 0, 0, 0]),
        Seen(shape: [3, 3], values: [1, 0, 0, 2, 3, 4, 0, 0, 0]),
      ])
    let text = await message {
      _ = try await one([[-1]], ragged: .pad(to: 2)).predictLocally(on: [batch])
    }
    #expect(text.contains("column 'x', row 1") && text.contains("3 elements"), "\(text)")
  }
}
