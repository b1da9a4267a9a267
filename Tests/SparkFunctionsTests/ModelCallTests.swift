import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Models that queries call by name.
@Suite struct ModelCallTests {
  private static let reference = ModelReference(format: .onnx, file: "m.onnx")

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var inputs: [TensorSpecification]
    var columns: [String: InputColumns] = [:]
    var shapes: [String: Shape] = [:]
    var constants: [String: InputConstant] = [:]
    var arguments: StructType
  }

  private static func arguments(
    of model: StubModel, _ columns: [String: InputColumns] = [:], _ shapes: [String: Shape] = [:],
    _ constants: [String: InputConstant] = [:]
  ) throws -> StructType {
    try ModelPrediction.arguments(
      of: model, called: "m", inputs: columns, only: nil, batch: nil, batchSize: 4,
      shapes: shapes, constants: constants)
  }

  @Test(
    "a call takes the inputs in their order, as types that they take",
    arguments: [
      Case(
        testDescription: "arrays, numbers and texts",
        inputs: [
          tensor("x", .float32, [-1, 64]), tensor("n", .int64, [-1]),
          tensor("one", .uint8, [-1, 1]),
          tensor("text", .string, [-1]), tensor("wide", .float64, [-1, -1]),
        ],
        arguments: [
          "x": .array(.float), "n": .long, "one": .short, "text": .string, "wide": .array(.double),
        ]),
      Case(
        testDescription: "several for one input", inputs: [tensor("x", .float32, [-1, 2])],
        columns: ["x": ["a", "b"]], arguments: ["a": .float, "b": .float]),
      Case(
        testDescription: "a name of its own", inputs: [tensor("x", .float32, [-1])],
        columns: ["x": "price"], arguments: ["price": .float]),
      Case(
        testDescription: "constants have none",
        inputs: [tensor("x", .float32, [-1]), tensor("t", .float32, [-1])],
        constants: ["t": .number(0.5)], arguments: ["x": .float]),
      Case(
        testDescription: "a shape that was given", inputs: [tensor("x", .float32, [-1, -1])],
        shapes: ["x": [1]], arguments: ["x": .float]),
    ])
  func arguments(expected: Case) throws {
    let model = StubModel(
      inputs: expected.inputs, outputs: [tensor("out", .float32, [-1])]
    ) { _ in [:] }
    let found = try Self.arguments(
      of: model, expected.columns, expected.shapes, expected.constants)
    #expect(found.fields == expected.arguments.fields)
    // They suit a plan.
    let plan = try ModelPrediction.plan(
      model: model, reference: Self.reference, table: found, inputs: expected.columns,
      into: "call", batchSize: 4, shapes: expected.shapes, constants: expected.constants)
    #expect(plan.argumentPaths == found.names.map { [$0] })
  }

  /// What a call with `batch` gives.
  private func call(
    _ outputs: [TensorSpecification], _ batch: RecordBatch, errors: ErrorPolicy = .fail,
    nulls: NullPolicy = .fail
  ) async throws -> (type: DataType, column: ArrowColumn) {
    var model = StubModel(inputs: [tensor("x", .float32, [-1])], outputs: outputs) { inputs in
      let x: Tensor<Float> = try #require(inputs["x"]).typed()
      return Dictionary(
        uniqueKeysWithValues: outputs.map {
          ($0.name, .float32(Tensor<Float>((0..<x.count).map { x[$0] * 2 })))
        })
    }
    model.hasIndependentRows = true
    let plan = try ModelPrediction.plan(
      model: model, reference: Self.reference, table: try Self.arguments(of: model), into: "call",
      batchSize: 4, nulls: nulls, errors: errors
    ).called()
    let function = ModelPrediction(loaders: [.onnx: { [model] _, _, _ in model }])
    let output = try await function.evaluate(
      BatchList([batch]),
      invocation: FunctionInvocation(
        function: ModelPrediction.name, id: "", fingerprint: "",
        parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns),
      worker: WorkerContext(models: ModelCache()))
    let result = try #require(try await output.next())
    #expect(result.columns.count == 1)
    return (plan.resultType, result.columns[0])
  }

  @Test("one output is given itself, several in a struct")
  func results() async throws {
    let batch = try Columns.batch(("a", Columns.floats([1, 2])))
    let one = try await call([tensor("out", .float32, [-1])], batch)
    #expect(one.type == .float)
    #expect((0..<2).map { one.column.value(at: $0) } == [.float(2), .float(4)])
    let two = try await call(
      [tensor("p", .float32, [-1]), tensor("q", .float32, [-1])], batch)
    #expect(two.type == .struct(["p": .float, "q": .float]))
    #expect(two.column.value(at: 1) == .structure([.float(4), .float(4)]))
    let told = try await call([tensor("out", .float32, [-1])], batch, errors: .column("why"))
    #expect(told.type == .struct(["out": .float, "why": .string]))
    #expect(told.column.value(at: 0) == .structure([.float(2), .null]))
  }

  @Test("a row without a value has no prediction")
  func missing() async throws {
    let batch = try Columns.batch(
      ("a", try ArrowColumn([.float(1), .null], type: .float32)))
    let column = try await call([tensor("out", .float32, [-1])], batch, nulls: .skip).column
    #expect((0..<2).map { column.value(at: $0) } == [.float(2), .null])
  }

  @Test("another number of arguments is told with those that are taken")
  func counts() async throws {
    let batch = try Columns.batch(("a", Columns.floats([1])), ("b", Columns.floats([1])))
    let said = await message { _ = try await call([tensor("out", .float32, [-1])], batch) }
    #expect(said.contains("a call has 2 arguments and takes 1: (x)"))
  }
}
