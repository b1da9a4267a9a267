import ArrowIPC
import Models
import ONNXRuntime
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Inputs of models in files that are the same for all rows, and shapes that models leave open.
@Suite("Shapes and constants", .needsRuntime)
struct InputConstantTests {
  private static func predict(
    _ session: ONNXSession, _ input: String, _ numbers: Tensor<Float>,
    shapes: [String: Shape] = [:], constants: [String: InputConstant] = [:], batchSize: Int
  ) async throws -> [ArrowValue] {
    let column = ArrowColumn.lists(
      of: ArrowColumn(numbers), rows: numbers.rowCount, width: numbers.rowStride)
    let table = try RecordBatch([(input, column)])
    _ = try await ModelPrediction.tried(
      session, name: "model", batchSize: batchSize, shapes: shapes, constants: constants)
    let plan = try ModelPrediction.plan(
      model: session, reference: ModelReference(format: .onnx, file: "model"),
      table: StructType(arrow: table.schema), batchSize: batchSize, shapes: shapes,
      constants: constants)
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let batches = try await ModelPrediction(loaders: [.onnx: { _, _, _ in session }]).evaluate(
      BatchList([table]), invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var rows: [ArrowValue] = []
    while let batch = try await batches.next() {
      rows += batch.columns[0].values.map { value in
        if case .structure(let fields) = value { fields[0] } else { value }
      }
    }
    return rows
  }

  @Test("a constant is what a column of it is", arguments: [1, 2, 64])
  func constant(_ batchSize: Int) async throws {
    let session = try ONNXSession(path: Models.shared("two_inputs.onnx"))
    let each = try ModelCase.named("two_inputs")
    let a: Tensor<Float> = try #require(each.feeds["a"]).typed()
    let repeated = try Tensor(
      (0..<a.rowCount).flatMap { _ in [Float(0.5), -2] }, shape: [a.rowCount, 2])
    let expected: Tensor<Float> = try #require(
      try session.run(["a": .float32(a), "b": .float32(repeated)])["y"]
    ).typed()
    let rows = try await Self.predict(
      session, "a", a, constants: ["b": [0.5, -2]], batchSize: batchSize)
    #expect(rows.count == a.rowCount)
    for (row, found) in rows.enumerated() {
      guard case .list(let values) = found else {
        Issue.record("row \(row) is \(found)")
        continue
      }
      #expect(values.count == 4)
      for (index, value) in values.enumerated() {
        guard case .float(let number) = value else { continue }
        #expect(abs(number - Double(expected[row, index])) < 1e-5, "row \(row)")
      }
    }
  }

  @Test("a sequence of a given length, and rows of another are refused")
  func shape() async throws {
    let session = try ONNXSession(path: Models.shared("dynamic_sequence.onnx"))
    let each = try ModelCase.named("dynamic_sequence")
    let x: Tensor<Float> = try #require(each.feeds["x"]).typed()
    let totals: Tensor<Float> = try #require(
      each.outputs?.first { $0.name == "total" }?.tensor
    ).typed()
    let rows = try await Self.predict(
      session, "x", x, shapes: ["x": [x.rowStride]], batchSize: 2)
    for (row, found) in rows.enumerated() {
      guard case .float(let number) = found else {
        Issue.record("row \(row) is \(found)")
        continue
      }
      #expect(abs(number - Double(totals[row])) < 1e-5)
    }
    let error = await #expect(throws: InferenceError.self) {
      try await Self.predict(session, "x", x, shapes: ["x": [x.rowStride + 1]], batchSize: 2)
    }
    #expect(error?.message.contains("column 'x'") == true, "\(String(describing: error))")
  }
}
