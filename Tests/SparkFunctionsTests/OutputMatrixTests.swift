import ArrowIPC
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Every row of the table of outputs.
@Suite struct OutputMatrixTests {
  private struct Row: Encodable, Sendable {
    var label: String
    var score: Double
    var parts: [Float] = [1, 2]
    var note: String?
  }

  /// The column that `output` becomes for three rows.
  private func column<Output: PredictOutput>(
    _ type: DataType, flattening: Bool = false, _ output: @escaping @Sendable () throws -> Output
  ) async throws -> ArrowColumn {
    let function = PredictBatchUDF(
      "give", returning: type, batchSize: 10, flattening: flattening
    ) { _ in { (input: Tensor<Float>) -> Output in try output() } }
    let result = try await function.predictLocally(on: [
      Columns.batch(("x", Columns.floats([0, 1, 2])))
    ])
    #expect(result.type == (try type.arrowType()))
    return result
  }

  private func values<Output: PredictOutput>(
    _ type: DataType, flattening: Bool = false, _ output: @escaping @Sendable () throws -> Output
  ) async throws -> [ArrowValue] {
    try await column(type, flattening: flattening, output).values
  }

  @Test func scalars() async throws {
    let three: [ArrowValue] = [.float(1), .float(2), .float(3)]
    let integers: [ArrowValue] = [.int(1), .int(2), .int(3)]
    let tensor = Tensor<Double>([1, 2, 3])
    #expect(try await values(.float) { tensor } == three)
    #expect(try await values(.double) { tensor } == three)
    #expect(try await values(.float) { try tensor.reshaped(to: [3, 1]) } == three)
    for type in [DataType.byte, .short, .integer, .long] {
      #expect(try await values(type) { tensor } == integers)
      #expect(try await values(type) { Tensor<UInt8>([1, 2, 3]) } == integers)
      #expect(try await values(type) { [1, 2, 3] } == integers)
    }
    #expect(try await values(.float) { [1, 2, 3] as [Float] } == three)
    #expect(try await values(.float) { [1, nil, 3] as [Float?] } == [.float(1), .null, .float(3)])
    #expect(
      try await values(.integer) { Tensor<Float>([1, -1, -0.0]) } == [.int(1), .int(-1), .int(0)])
    #expect(
      try await values(.boolean) { [true, false, true] } == [
        .bool(true), .bool(false), .bool(true),
      ])
    #expect(
      try await values(.boolean) { Tensor([true, false, true]) }
        == [.bool(true), .bool(false), .bool(true)])
    #expect(
      try await values(.string) { ["a", "b", "c"] } == [.string("a"), .string("b"), .string("c")])
    #expect(
      try await values(.string) { ["a", nil, "c"] as [String?] }
        == [.string("a"), .null, .string("c")])
    #expect(
      try await values(.string) { try StringTensor(["a", "b", "c"], shape: [3, 1]) }
        == [.string("a"), .string("b"), .string("c")])
    #expect(
      try await values(.binary) { [[1], [], [2, 3]] as [[UInt8]] }
        == [.binary([1]), .binary([]), .binary([2, 3])])
    #expect(
      try await values(.binary) { [[1], nil, [2]] as [[UInt8]?] }
        == [.binary([1]), .null, .binary([2])])
    #expect(try await values(.float) { AnyTensor(tensor) } == three)
    #expect(
      try await values(.long) { Tensor<UInt64>([0, 1 << 63 - 1, 1 << 53 + 1]) }
        == [.int(0), .int(.max), .int(1 << 53 + 1)])
    #expect(
      try await values(.date) { ArrowColumn.numbers([1, 2, 3] as [Int32?]).retyped(.date32) }
        == integers)
  }

  @Test func arrays() async throws {
    let matrix = try Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [3, 2])
    let lists: [ArrowValue] = [
      .list([.float(1), .float(2)]), .list([.float(3), .float(4)]), .list([.float(5), .float(6)]),
    ]
    #expect(try await values(.array(.float)) { matrix } == lists)
    #expect(try await values(.array(.double, containsNull: false)) { matrix } == lists)
    #expect(
      try await values(.array(.array(.float))) { try matrix.reshaped(to: [3, 1, 2]) }
        == lists.map { .list([$0]) })
    #expect(
      try await values(.array(.float), flattening: true) {
        try matrix.reshaped(to: [3, 1, 2])
      } == lists)
    #expect(
      try await values(.array(.string)) {
        try StringTensor(["a", "b", "c"], shape: [3, 1])
      } == ["a", "b", "c"].map { .list([.string($0)]) })
    #expect(
      try await values(.array(.integer)) { [[1], [], [2, 3]] }
        == [.list([.int(1)]), .list([]), .list([.int(2), .int(3)])])
    #expect(
      try await values(.array(.boolean)) { Tensor(repeating: true, shape: [3, 1]) }
        == Array(repeating: .list([.bool(true)]), count: 3))
  }

  @Test func resultsOfTheDeclaredTypeAreViews() async throws {
    let matrix = Tensor<Float>(repeating: 1, shape: [3, 2])
    let result = try await column(.array(.float)) { matrix }
    #expect(result.children[0].buffers[0].storage === matrix.memory.storage)
  }

  private static let type: DataType = .struct([
    "label": .string, "score": .float, "parts": .array(.float), "note": .string,
  ])

  private static func expected(note: ArrowValue = .null) -> [ArrowValue] {
    (0..<3).map {
      .structure([
        .string("l\($0)"), .float(Double($0)), .list([.float(1), .float(2)]), note,
      ])
    }
  }

  @Test func structsFromColumns() async throws {
    let parts = Tensor<Double>(shape: [3, 2]) { output in
      for index in 0..<6 { output.initializeElement(at: index, to: Double(index % 2 + 1)) }
    }
    #expect(
      try await values(Self.type) {
        [
          "note": [nil, nil, nil] as [String?], "parts": parts, "score": [0, 1, 2] as [Float],
          "label": ["l0", "l1", "l2"],
        ] as NamedOutputs
      } == Self.expected())
    #expect(
      try await values(.struct(["a": .float, "b": .float])) {
        ["b": Tensor<Float>([1, 2, 3]), "a": Tensor<Float>([4, 5, 6])]
      } == (1...3).map { .structure([.float(Double($0 + 3)), .float(Double($0))]) })
    #expect(
      try await values(.struct(["a": .float])) {
        try RecordBatch([("a", Columns.floats([1, 2, 3]))])
      } == (1...3).map { .structure([.float(Double($0))]) })
  }

  @Test func structsFromRows() async throws {
    #expect(
      try await values(Self.type) {
        (0..<3).map { Row(label: "l\($0)", score: Double($0), note: "n") }
      } == Self.expected(note: .string("n")))
    #expect(
      try await values(Self.type) { (0..<3).map { Row(label: "l\($0)", score: Double($0)) } }
        == Self.expected())
    #expect(
      try await values(.struct(["a": .float, "b": .long])) {
        (0..<3).map { ["a": $0, "b": $0 * 2] }
      } == (0..<3).map { .structure([.float(Double($0)), .int(Int64($0 * 2))]) })
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    var name: String
    var texts: [String]
    var run: @Sendable (OutputMatrixTests) async throws -> Void
    var testDescription: String { name }
  }

  private static func rows(_ labels: [String?]) -> [[String: String?]] {
    labels.map { ["label": $0] }
  }

  static let failures: [Failure] = [
    Failure(
      name: "fewer scalars than rows",
      texts: ["Prediction results must have same length as input data.", "3 rows", "returned 2"]
    ) { _ = try await $0.values(.float) { Tensor<Float>([1, 2]) } },
    Failure(
      name: "fewer array rows",
      texts: ["Prediction results must have same length as input data."]
    ) { _ = try await $0.values(.array(.float)) { Tensor<Float>(repeating: 0, shape: [4, 2]) } },
    Failure(
      name: "fewer strings", texts: ["Prediction results must have same length as input data."]
    ) { _ = try await $0.values(.string) { ["a"] } },
    Failure(
      name: "scalar of two dimensions",
      texts: ["Invalid shape for scalar prediction result.", "[3, 2]"]
    ) { _ = try await $0.values(.float) { Tensor<Float>(repeating: 0, shape: [3, 2]) } },
    Failure(
      name: "scalar without dimensions", texts: ["Invalid shape for scalar prediction result."]
    ) { _ = try await $0.values(.float) { Tensor<Float>(repeating: 0, shape: []) } },
    Failure(
      name: "array of one dimension",
      texts: ["Prediction results for ArrayType must be two-dimensional.", "[3]"]
    ) { _ = try await $0.values(.array(.float)) { Tensor<Float>([1, 2, 3]) } },
    Failure(
      name: "array of three dimensions",
      texts: ["Prediction results for ArrayType must be two-dimensional.", "flattening"]
    ) {
      _ = try await $0.values(.array(.float)) { Tensor<Float>(repeating: 0, shape: [3, 2, 2]) }
    },
    Failure(
      name: "array that is none", texts: ["Prediction results for ArrayType must be an ndarray."]
    ) { _ = try await $0.values(.array(.float)) { [1, 2, 3] as [Float] } },
    Failure(
      name: "map", texts: ["Unsupported return type"]
    ) { _ = try await $0.values(.map(.string, .float)) { [1, 2, 3] as [Float] } },
    Failure(
      name: "decimal", texts: ["Unsupported return type"]
    ) { _ = try await $0.values(.decimal()) { [1, 2, 3] as [Float] } },
    Failure(
      name: "date", texts: ["Unsupported return type"]
    ) { _ = try await $0.values(.date) { [1, 2, 3] as [Float] } },
    Failure(
      name: "struct within a struct",
      texts: ["Unsupported field type in return struct type.", "field 's'"]
    ) { _ = try await $0.values(.struct(["s": .struct(["a": .float])])) { NamedOutputs([]) } },
    Failure(
      name: "struct from a tensor",
      texts: [
        "Prediction results for StructType must be a dictionary or a list of dictionary, got:"
      ]
    ) { _ = try await $0.values(.struct(["a": .float])) { Tensor<Float>([1, 2, 3]) } },
    Failure(
      name: "struct from strings",
      texts: [
        "Prediction results for StructType must be a dictionary or a list of dictionary, got:"
      ]
    ) { _ = try await $0.values(.struct(["a": .float])) { ["a", "b", "c"] } },
    Failure(
      name: "struct from a list of lists",
      texts: [
        "Prediction results for StructType must be a dictionary or a list of dictionary, got:"
      ]
    ) { _ = try await $0.values(.struct(["a": .float])) { [[1], [2], [3]] } },
    Failure(
      name: "other columns",
      texts: [
        "Prediction result columns did not match expected return_type columns: expected [\"a\", "
          + "\"b\"], got: [\"a\", \"c\"]"
      ]
    ) {
      _ = try await $0.values(.struct(["a": .float, "b": .float])) {
        ["a": [1, 2, 3], "c": [1, 2, 3]] as NamedOutputs
      }
    },
    Failure(
      name: "field of two dimensions",
      texts: ["field 'a'", "Prediction results for scalar types must be one-dimensional."]
    ) {
      _ = try await $0.values(.struct(["a": .float])) {
        ["a": Tensor<Float>(repeating: 0, shape: [3, 2])] as NamedOutputs
      }
    },
    Failure(
      name: "array field of one dimension",
      texts: ["field 'a'", "Prediction results for ArrayType must be two-dimensional."]
    ) {
      _ = try await $0.values(.struct(["a": .array(.float)])) {
        ["a": Tensor<Float>(repeating: 0, shape: [3])] as NamedOutputs
      }
    },
    Failure(
      name: "field of another length",
      texts: ["field 'a'", "Prediction results must have same length as input data"]
    ) {
      _ = try await $0.values(.struct(["a": .float])) { ["a": [1, 2] as [Float]] as NamedOutputs }
    },
    Failure(
      name: "fewer rows", texts: ["Prediction results must have same length as input data."]
    ) { _ = try await $0.values(.struct(["label": .string])) { rows(["a"]) } },
    Failure(
      name: "another name in a later row",
      texts: ["row 2", "Prediction result columns did not match expected return_type columns"]
    ) {
      _ = try await $0.values(.struct(["label": .string])) {
        rows(["a", "b"]) + [["other": "c"]]
      }
    },
    Failure(
      name: "array field that is none in a later row",
      texts: ["field 'a'", "row 1", "Prediction results for ArrayType must be one-dimensional."]
    ) {
      _ = try await $0.values(.struct(["a": .array(.float)])) {
        [Mixed(a: .many([1])), Mixed(a: .one(1)), Mixed(a: .many([]))]
      }
    },
    Failure(
      name: "scalar field that is none in a later row",
      texts: ["field 'a'", "row 2", "Invalid scalar prediction result."]
    ) {
      _ = try await $0.values(.struct(["a": .float])) {
        [Mixed(a: .one(1)), Mixed(a: .one(1)), Mixed(a: .many([]))]
      }
    },
    Failure(
      name: "null in a field without nulls", texts: ["field 'label'", "row 1", "null"]
    ) {
      let fields: StructType = [StructField("label", .string, isNullable: false)]
      _ = try await $0.values(.struct(fields)) { rows(["a", nil, "c"]) }
    },
    Failure(
      name: "number too large", texts: ["row 1", "300", "does not fit", "tinyint"]
    ) { _ = try await $0.values(.byte) { Tensor<Int32>([1, 300, 2]) } },
    Failure(
      name: "NaN as an integer", texts: ["row 2", "nan", "does not fit"]
    ) { _ = try await $0.values(.long) { Tensor<Float>([1, 2, .nan]) } },
    Failure(
      name: "number beyond 64 bits", texts: ["row 0", "does not fit"]
    ) { _ = try await $0.values(.long) { Tensor<UInt64>([.max, 1, 2]) } },
    Failure(
      name: "booleans as numbers", texts: ["bool is not numeric"]
    ) { _ = try await $0.values(.float) { Tensor([true, false, true]) } },
    Failure(
      name: "strings as numbers", texts: ["tensor of strings", "float"]
    ) { _ = try await $0.values(.float) { ["a", "b", "c"] } },
    Failure(
      name: "column of another type", texts: ["a column of float", "double"]
    ) { _ = try await $0.values(.double) { Columns.floats([1, 2, 3]) } },
    Failure(name: "error of the closure", texts: ["PREDICTION", "rows 0 to 2", "broken"]) { _ in
      struct Broken: Error, CustomStringConvertible { var description: String { "broken" } }
      let function = PredictBatchUDF("broken", returning: .float, batchSize: 10) { _ in
        { (input: Tensor<Float>) -> Tensor<Float> in throw Broken() }
      }
      _ = try await function.predictLocally(on: [
        Columns.batch(("x", Columns.floats([0, 1, 2])))
      ])
    },
  ]

  private struct Mixed: Encodable, Sendable {
    enum Value: Encodable, Sendable {
      case one(Float)
      case many([Float])
      func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .one(let number): try container.encode(number)
        case .many(let numbers): try container.encode(numbers)
        }
      }
    }
    var a: Value
  }

  @Test(arguments: failures) func reports(failure: Failure) async throws {
    let text = await message { try await failure.run(self) }
    for expected in failure.texts { #expect(text.contains(expected), "\(text)") }
  }
}
