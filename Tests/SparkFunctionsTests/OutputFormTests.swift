import ArrowIPC
import FoundationEssentials
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Outputs as arrays, vectors of Spark ML and bytes, and with fewer decimal places.
@Suite("Forms of outputs")
struct OutputFormTests {
  /// Gives `[x, x + 1/3]` for each row, or `x + 1/3` alone.
  private static func model(
    _ output: TensorSpecification, _ element: ElementType = .float32
  ) -> StubModel {
    var output = output
    output.elementType = element
    let name = output.name
    let width = output.shape.rank > 1 ? 2 : 1
    let isFlat = output.shape.rank == 1
    return StubModel(inputs: [declared("x", "N")], outputs: [output]) { inputs in
      let x: Tensor<Float> = try #require(inputs["x"]).typed()
      let numbers = x.scalars.flatMap { x in (width == 2 ? [x] : []) + [x + 1 / 3] }
      let shape: Shape = isFlat ? [x.rowCount] : [x.rowCount, width]
      let tensor = try Tensor(numbers, shape: shape)
      switch element {
      case .float64: return [name: .float64(tensor.map { Double($0) })]
      case .float16: return [name: .float16(tensor.map { Float16($0) })]
      case .int16: return [name: .int16(tensor.map { Int16($0) })]
      case .bool: return [name: .bool(tensor.map { $0 > 1 })]
      case .string:
        return [name: .string(try StringTensor(numbers.map { "\($0)" }).reshaped(to: shape))]
      default: return [name: .float32(tensor)]
      }
    }
  }

  private static func plan(
    _ model: any Model, _ transform: OutputTransform, batchSize: Int = 2,
    errors: ErrorPolicy = .fail
  ) throws -> PredictionPlan {
    try ModelPrediction.plan(
      model: model,
      reference: ModelReference(format: .onnx, file: "0123-m.onnx", name: "folder/m.onnx"),
      table: ["x": .float], batchSize: batchSize, errors: errors, transforms: ["y": transform])
  }

  /// The predictions of some rows, each alone in its struct.
  private func predict(
    _ model: any Model, _ transform: OutputTransform, batchSize: Int = 2,
    rows: [Float?] = [0, 1, 2],
    errors: ErrorPolicy = .fail
  ) async throws -> [ArrowValue] {
    let plan = try Self.plan(model, transform, batchSize: batchSize, errors: errors)
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await ModelPrediction(loaders: [.onnx: { _, _, _ in model }]).evaluate(
      BatchList([try Columns.batch(("x", .numbers(rows)))]),
      invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var columns: [ArrowColumn] = []
    while let batch = try await output.next() { columns += batch.columns }
    if rows.isEmpty {
      #expect(columns.allSatisfy { $0.count == 0 })
      return []
    }
    let column = try ArrowColumn.concatenating(columns)
    #expect(column.type == (try DataType.struct(plan.returnType).arrowType()))
    return column.values.map { value in
      if case .structure(let fields) = value { fields[0] } else { value }
    }
  }

  private static func vector(_ values: [Double]) -> ArrowValue {
    .structure([.int(1), .null, .null, .list(values.map { .float($0) })])
  }

  private static func bytes<Number: BitwiseCopyable>(_ numbers: [Number]) -> ArrowValue {
    .binary(numbers.withUnsafeBytes { Array($0) })
  }

  private static let third = Float(1) / 3

  @Test("vectors of Spark ML", arguments: [1, 2, 3])
  func vectors(_ batchSize: Int) async throws {
    let pair = Self.model(declared("y", "N", "2"))
    #expect(try Self.plan(pair, .as(.vector)).returnType[0].type == .vector)
    #expect(
      try await predict(pair, .as(.vector), batchSize: batchSize)
        == (0..<3).map { Self.vector([Double($0), Double(Float($0) + Self.third)]) })
    // One number a row is a vector of one, and whole numbers are numbers, too.
    #expect(
      try await predict(
        Self.model(declared("y", "N"), .int16), .as(.vector), batchSize: batchSize)
        == [0, 1, 2].map { Self.vector([$0]) })
    #expect(
      try await predict(pair, .softmax.as(.vector).rounded(2), batchSize: batchSize)
        == Array(repeating: Self.vector([0.42, 0.58]), count: 3))
    let failed = try await predict(
      pair, .as(.vector), batchSize: batchSize, rows: [0, nil, 2], errors: .null)
    #expect(failed[1] == .null && failed[2] == Self.vector([2, Double(2 + Self.third)]))
    #expect(try await predict(pair, .as(.vector), rows: []) == [])
  }

  @Test("bytes of a row", arguments: [1, 2, 3])
  func binary(_ batchSize: Int) async throws {
    func rows(_ element: ElementType, _ transform: OutputTransform) async throws -> [ArrowValue] {
      try await predict(
        Self.model(declared("y", "N", "2"), element), transform, batchSize: batchSize)
    }
    let numbers = (0..<3).map { [Float($0), Float($0) + Self.third] }
    #expect(try await rows(.float32, .as(.binary)) == numbers.map { Self.bytes($0) })
    #expect(
      try await rows(.float64, .as(.binary))
        == numbers.map { Self.bytes($0.map { Double($0) }) })
    #expect(
      try await rows(.float16, .as(.binary)) == numbers.map { Self.bytes($0.map { Float16($0) }) })
    #expect(
      try await rows(.int16, .as(.binary)) == numbers.map { Self.bytes($0.map { Int16($0) }) })
    #expect(
      try await rows(.bool, .as(.binary))
        == [[0, 0], [0, 1], [1, 1]].map { Self.bytes($0.map { UInt8($0) }) })
    #expect(
      try await rows(.float16, .as(.binary).rounded(1))
        == (0..<3).map { Self.bytes([Float($0), Float(10 * $0 + 3) / 10]) })
    #expect(
      try await rows(.float32, .argmax.as(.binary))
        == Array(
          repeating: Self.bytes([Int32(1)]), count: 3))
  }

  @Test("arrays, also of one number", arguments: [1, 2, 3])
  func array(_ batchSize: Int) async throws {
    let one = Self.model(declared("y", "N"))
    #expect(try Self.plan(one, .as(.array)).returnType[0].type == .array(.float))
    #expect(
      try await predict(one, .as(.array).rounded(1), batchSize: batchSize)
        == [0.3, 1.3, 2.3].map { .list([.float(Double(Float($0)))]) })
    #expect(
      try await predict(
        Self.model(declared("y", "N", "2")), .argmax.as(.array), batchSize: batchSize)
        == Array(repeating: .list([.int(1)]), count: 3))
    #expect(
      try await predict(
        Self.model(declared("y", "N"), .string), .as(.array), batchSize: batchSize
      ).count == 3)
  }

  @Test("scores are rounded behind the choice of classes")
  func scores() async throws {
    let model = Self.model(declared("y", "N", "2"), .float64)
    let rows = try await predict(model, .topK(2, labels: ["a", "b"]).rounded(0))
    #expect(
      rows[1]
        == .list([
          .structure([.string("b"), .float(1)]), .structure([.string("a"), .float(1)]),
        ]))
  }

  @Test("what does not go together is said before the job")
  func refusals() {
    let cases: [(TensorSpecification, ElementType, OutputTransform, String)] = [
      (
        declared("y", "N", "2"), .int16, .rounded(2),
        ".rounded(2) (--round) of the output 'y', whose values are int16 and have no decimal places; "
          + "leave it out"
      ),
      (declared("y", "N", "2"), .float32, .rounded(16), "there are 0 to 15 decimal places"),
      (declared("y", "N", "2"), .float32, .rounded(-1), "there are 0 to 15 decimal places"),
      (
        declared("y", "N", "2"), .float32, .argmax.rounded(1),
        "which becomes a position, a whole number: take one of both"
      ),
      (
        declared("y", "N", "2"), .float32, .topK(1).as(.vector),
        ".as(.vector) (--output-as vector) of the output 'y', which becomes a list of classes, no row "
          + "of numbers: take one of both"
      ),
      (
        declared("y", "N", "2"), .string, .as(.binary),
        "whose values are strings, whose bytes have no fixed number"
      ),
      (
        declared("y", "N", "2"), .bool, .as(.vector),
        "whose values are bool, and vectors have numbers"
      ),
    ]
    for (output, element, transform, text) in cases {
      let error = #expect(throws: InferenceError.self) {
        try Self.plan(Self.model(output, element), transform)
      }
      #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    }
  }

  @Test("transforms are written as before where they do no more")
  func coding() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let cases: [(OutputTransform, String)] = [
      (.softmax, #"{"softmax":{}}"#), (.rounded(2), #"{"rounded":2}"#),
      (.topK(2, softmax: true), #"{"topK":{"_0":2,"softmax":true}}"#),
      (.as(.vector).rounded(1), #"{"form":"vector","rounded":1}"#),
      (.softmax.rounded(3).as(.binary), #"{"form":"binary","rounded":3,"softmax":{}}"#),
    ]
    for (transform, text) in cases {
      let data = try encoder.encode(transform)
      #expect(String(decoding: data, as: UTF8.self) == text)
      #expect(try JSONDecoder().decode(OutputTransform.self, from: data) == transform)
    }
  }
}
