import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Outputs that are sequences of tensors, and the best entries of maps.
@Suite("Sequences of tensors")
struct SequenceOutputTests {
  /// Gives a sequence that `parts` makes of the rows, and maps with twice and thrice the row's number.
  private struct Sequences: Model {
    let parts: @Sendable (_ x: [Float]) throws -> [AnyTensor]

    var inputs: [TensorSpecification] { [tensor("x", .float32, [-1])] }
    var outputs: [TensorSpecification] { [tensor("y", .float32, [-1])] }
    var mapOutputs: [String] { ["maps"] }
    var sequenceOutputs: [TensorSpecification] {
      [TensorSpecification(name: "parts", elementType: .float32, shape: [], hasShape: false)]
    }
    var runtime: String { "sequences" }

    func run(
      _ inputs: [String: AnyTensor], outputs: [String]?
    ) async throws -> [String: AnyTensor] {
      throw TensorError("values are asked for")
    }

    func runValues(
      _ inputs: [String: AnyTensor], outputs: [String]?
    ) async throws -> [String: ModelValue] {
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      let all: [String: ModelValue] = [
        "y": .tensor(.float32(x)), "parts": .sequence(try parts(x.scalars)),
        "maps": .maps(MapRows(x.scalars.map { ["a": 2 * Double($0), "b": 3 * Double($0)] })),
      ]
      return all.filter { outputs?.contains($0.key) ?? true }
    }
  }

  /// A table of the numbers from 1 up.
  private static let rows: [Float] = [1, 2, 3, 4, 5, 6, 7]

  private static let classes: @Sendable ([Float]) throws -> [AnyTensor] = { x in
    [
      .float32(try Tensor(x.flatMap { [$0, 10 * $0] }, shape: [x.count, 2])),
      .float32(try Tensor(x.flatMap { [-$0, 0, $0 / 2] }, shape: [x.count, 3])),
    ]
  }

  private static func lists(_ values: [[Float]]) -> ArrowValue {
    .list(values.map { .list($0.map { .float(Double($0)) }) })
  }

  private func predict(
    _ model: any Model, only: [String], batchSize: Int, rows: RowRelation = .checked,
    transforms: [String: OutputTransform] = [:]
  ) async throws -> [ArrowValue] {
    let batch = try Columns.batch(("x", Columns.floats(Self.rows)))
    let plan = try ModelPrediction.plan(
      model: model, reference: ModelReference(format: .onnx, file: "0123-m.onnx", name: "m.onnx"),
      table: StructType(arrow: batch.schema), only: only, batchSize: batchSize, rows: rows,
      transforms: transforms)
    let function = ModelPrediction(loaders: [.onnx: { _, _, _ in model }])
    let output = try await function.evaluate(
      BatchList([batch]),
      invocation: FunctionInvocation(
        function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
        parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns),
      worker: WorkerContext(models: ModelCache()))
    var columns: [ArrowColumn] = []
    while let batch = try await output.next() { columns += batch.columns }
    let column = try ArrowColumn.concatenating(columns)
    #expect(column.type == (try DataType.struct(plan.returnType).arrowType()))
    return column.values
  }

  // Batches of two rows have as many tensors as rows.
  @Test("a row gets its part of each tensor", arguments: [1, 2, 3, 64], [true, false])
  func classes(_ batchSize: Int, _ isChecked: Bool) async throws {
    let found = try await predict(
      Sequences(parts: Self.classes), only: ["parts", "y"], batchSize: batchSize,
      rows: isChecked ? .checked : .independent)
    let expected = Self.rows.map { x in
      ArrowValue.structure([
        Self.lists([[x, 10 * x], [-x, 0, x / 2]]), .float(Double(x)),
      ])
    }
    #expect(found == expected)
  }

  @Test("a tensor for each row", arguments: [1, 2, 3, 64], [true, false])
  func each(_ batchSize: Int, _ keepsRows: Bool) async throws {
    let model = Sequences { x in
      try x.map { .float32(try Tensor([$0, -$0, 1], shape: keepsRows ? [1, 3] : [3])) }
    }
    let found = try await predict(model, only: ["parts"], batchSize: batchSize)
    #expect(found == Self.rows.map { .structure([Self.lists([[$0, -$0, 1]])]) })
  }

  @Test("all that a run of one row gives, in the order of the tensors")
  func whole() async throws {
    let model = Sequences { x in
      [
        .float32(try Tensor([x[0], 1, x[0], 2], shape: [2, 2])),
        .float32(try Tensor([7, x[0]], shape: [2, 1])),
      ]
    }
    let found = try await predict(model, only: ["parts"], batchSize: 1)
    #expect(found == Self.rows.map { .structure([Self.lists([[$0, 1, $0, 2], [7, $0]])]) })
  }

  @Test("sequences that differ are refused, not mixed up")
  func differing() async throws {
    let model = Sequences { x in
      try (0..<(x.contains(5) ? 3 : 2)).map { _ in
        .float32(try Tensor(x + x, shape: [x.count, 2]))
      }
    }
    let error = await #expect(throws: InferenceError.self) {
      try await predict(model, only: ["parts"], batchSize: 4, rows: .independent)
    }
    let text = error?.description ?? ""
    #expect(
      text.contains(
        "the tensors of the output 'parts' differ from run to run: they had [2, 2] values in a row, "
          + "and now have [2, 2, 2]"), "\(text)")
  }

  @Test("the best entries of a map", arguments: [1, 3])
  func best(_ batchSize: Int) async throws {
    let found = try await predict(
      Sequences(parts: Self.classes), only: ["maps"], batchSize: batchSize,
      transforms: ["maps": .topK(1)])
    let expected = Self.rows.map { x in
      ArrowValue.structure([.list([.structure([.string("b"), .float(3 * Double(x))])])])
    }
    #expect(found == expected)
  }

  @Test(
    "what is not to be had",
    arguments: [
      ("parts", .argmax, "which is a sequence of tensors; take it as it is"),
      ("maps", .softmax, "or its greatest numbers by its own names: .topK(3) (--top-k maps=3)"),
      ("maps", .topK(1, labels: ["x", "y"]), "which is a map of names to numbers already"),
      ("maps", .topK(3), "3 classes are wanted, the model has 2"),
    ] as [(String, OutputTransform, String)])
  func refused(_ output: String, _ transform: OutputTransform, _ text: String) async throws {
    let error = await #expect(throws: InferenceError.self) {
      try await predict(
        Sequences(parts: Self.classes), only: [output], batchSize: 4,
        transforms: [output: transform])
    }
    #expect(error?.description.contains(text) == true, "\(String(describing: error))")
  }
}
