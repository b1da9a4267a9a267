import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Which outputs become columns: those that are asked for, maps, and none that cannot be held.
@Suite("Choice of outputs")
struct OutputChoiceTests {
  /// Gives twice its input, the number of rows that it got as boxes, and maps.
  private struct Classifier: Model {
    let asked = Log<[String]?>()
    var keys: @Sendable (_ x: Float) -> [String] = { _ in ["a", "b"] }

    var inputs: [TensorSpecification] { [tensor("x", .float32, [-1])] }
    var outputs: [TensorSpecification] {
      [
        tensor("twice", .float32, [-1]),
        TensorSpecification(
          name: "boxes", elementType: .float32, shape: [-1, 2], dimensionNames: ["M", nil]),
      ]
    }
    var mapOutputs: [String] { ["probabilities"] }
    var omittedOutputs: [OmittedOutput] {
      [OmittedOutput(name: "parts", kind: "a sequence of tensors", advice: "join them")]
    }
    var runtime: String { "classifier" }

    func run(
      _ inputs: [String: AnyTensor], outputs: [String]?
    ) async throws -> [String: AnyTensor] {
      throw TensorError("values are asked for")
    }

    func runValues(
      _ inputs: [String: AnyTensor], outputs: [String]?
    ) async throws -> [String: ModelValue] {
      asked.append(outputs)
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      let maps = MapRows(
        x.scalars.map { x in
          Dictionary(
            uniqueKeysWithValues: keys(x).enumerated().map { ($1, Double(x) + Double($0)) })
        })
      let all: [String: ModelValue] = [
        "twice": .tensor(.float32(x.map { 2 * $0 })),
        "boxes": .tensor(.float32(Tensor(repeating: 1, shape: [2 * x.count, 2]))),
        "probabilities": .maps(maps),
      ]
      return all.filter { outputs?.contains($0.key) ?? true }
    }
  }

  private static let reference = ModelReference(
    format: .onnx, file: "0123-m.onnx", name: "folder/m.onnx")

  private static func plan(
    _ model: any Model, _ batch: RecordBatch, only: [String]?, outputs: [String: String] = [:],
    batchSize: Int = 4
  ) throws -> PredictionPlan {
    try ModelPrediction.plan(
      model: model, reference: reference, table: StructType(arrow: batch.schema), outputs: outputs,
      only: only, batchSize: batchSize)
  }

  private func predict(
    _ model: any Model, only: [String]?, outputs: [String: String] = [:], batchSize: Int = 4
  ) async throws -> ArrowColumn {
    let batch = try Columns.batch(("x", Columns.floats([0, 1, 2, 3, 4, 5])))
    let plan = try Self.plan(model, batch, only: only, outputs: outputs, batchSize: batchSize)
    let function = ModelPrediction(loaders: [.onnx: { _, _, _ in model }])
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await function.evaluate(
      BatchList([batch]), invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var columns: [ArrowColumn] = []
    while let batch = try await output.next() { columns += batch.columns }
    let column = try ArrowColumn.concatenating(columns)
    #expect(column.type == (try DataType.struct(plan.returnType).arrowType()))
    return column
  }

  @Test("outputs that are not asked for are not computed, and disturb nothing")
  func some() async throws {
    let model = Classifier()
    let column = try await predict(model, only: ["twice"])
    #expect(column.type.childFields.map(\.name) == ["twice"])
    let doubles: [ArrowValue] = (0..<6).map { .structure([.float(Double(2 * $0))]) }
    #expect(column.values == doubles)
    #expect(model.asked.entries.allSatisfy { $0 == ["twice"] })
    // All of them include one that has no part for each row.
    let error = await #expect(throws: InferenceError.self) { try await predict(model, only: nil) }
    #expect(error?.message.contains("output boxes") == true)
    #expect(error?.message.contains("only: (--outputs)") == true, "\(String(describing: error))")
  }

  @Test("maps become map<string,double>", arguments: [1, 4, 64])
  func maps(_ batchSize: Int) async throws {
    let column = try await predict(
      Classifier(), only: ["probabilities", "twice"], outputs: ["probabilities": "p"],
      batchSize: batchSize)
    #expect(column.type.childFields.map(\.name) == ["p", "twice"])
    for row in 0..<6 {
      let x = Double(row)
      #expect(
        column.value(at: row)
          == .structure([
            .map([(.string("a"), .float(x)), (.string("b"), .float(x + 1))]), .float(2 * x),
          ]))
    }
  }

  @Test("maps whose keys differ are refused, not mixed up")
  func otherKeys() async throws {
    var model = Classifier()
    model.keys = { $0 == 5 ? ["a", "c"] : ["a", "b"] }
    let error = await #expect(throws: InferenceError.self) {
      try await predict(model, only: ["probabilities"])
    }
    #expect(
      error?.description.contains("the maps of the output 'probabilities' differ in their keys")
        == true, "\(String(describing: error))")
    #expect(error?.description.contains("needletail.predict(folder/m.onnx)") == true)
  }

  @Test(
    "names that are not right",
    arguments: [
      (
        ["parts"], [:],
        "the output parts is a sequence of tensors, which no column can hold: join them"
      ),
      (["twise"], [:], "did you mean 'twice'?"), ([], [:], "names no output"),
      (
        ["twice"], ["probabilities": "p"],
        "but is not among those that only: (--outputs) takes: twice"
      ),
      (nil, ["parts": "p"], "the output parts is a sequence of tensors"),
    ] as [([String]?, [String: String], String)])
  func names(_ only: [String]?, _ outputs: [String: String], _ text: String) throws {
    let batch = try Columns.batch(("x", Columns.floats([0])))
    let error = #expect(throws: InferenceError.self) {
      try Self.plan(Classifier(), batch, only: only, outputs: outputs)
    }
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    #expect(error?.function == "folder/m.onnx")
  }

  @Test("a closure's maps")
  func closures() throws {
    let maps = MapRows([["a": 1], [:]])
    #expect(maps[0] == ["a": 1] && maps[1] == [:] && maps.rowCount == 2)
    #expect(MapRows.outputMismatch(with: .map(.string, .double)) == nil)
    #expect(MapRows.outputMismatch(with: .map(.string, .float)) != nil)
    #expect(MapRows.outputMismatch(with: .double) != nil)
  }
}
