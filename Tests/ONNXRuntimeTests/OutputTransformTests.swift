import ArrowIPC
import Models
import ONNXRuntime
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Classes of models in files, beside what Python's runtime gave for them.
@Suite("Transforms of outputs", .needsRuntime)
struct OutputTransformTests {
  /// The predictions of a case's first input, one field for each output.
  private static func predict(
    _ each: ModelCase, only: [String]? = nil, transforms: [String: OutputTransform], batchSize: Int
  ) async throws -> [[ArrowValue]] {
    let session = try ONNXSession(path: each.path)
    let input = try #require(each.inputs?.first)
    let numbers: Tensor<Float> = try input.tensor.typed()
    let column = ArrowColumn.lists(
      of: ArrowColumn(numbers), rows: numbers.rowCount, width: numbers.rowStride)
    let table = try RecordBatch([(input.name, column)])
    let plan = try ModelPrediction.plan(
      model: session, reference: ModelReference(format: .onnx, file: each.model),
      table: StructType(arrow: table.schema), only: only, batchSize: batchSize,
      transforms: transforms)
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let batches = try await ModelPrediction(loaders: [.onnx: { _, _, _ in session }]).evaluate(
      BatchList([table]), invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var rows: [[ArrowValue]] = []
    while let batch = try await batches.next() {
      rows += batch.columns[0].values.map { value in
        if case .structure(let fields) = value { fields } else { [value] }
      }
    }
    return rows
  }

  private static func expected(_ each: ModelCase, _ output: String) throws -> Tensor<Float> {
    let tensor = try #require(each.outputs?.first { $0.name == output }?.tensor)
    return try tensor.typed()
  }

  @Test("the greatest of each row, and the best classes", arguments: [1, 2, 64])
  func classes(_ batchSize: Int) async throws {
    let each = try ModelCase.named("two_outputs")
    let scores = try Self.expected(each, "scores")
    let rows = try await Self.predict(
      each, transforms: ["scores": .argmax], batchSize: batchSize)
    #expect(rows.map { $0[0] } == scores.argmax().map { .int(Int64($0)) })
    let best = try await Self.predict(
      each, only: ["scores"], transforms: ["scores": .topK(3, labels: ["a", "b", "c"])],
      batchSize: batchSize)
    for (row, fields) in best.enumerated() {
      let order = (0..<3).sorted { scores[row, $0] > scores[row, $1] }
      guard case .list(let classes) = fields[0] else {
        Issue.record("row \(row) is \(fields)")
        continue
      }
      for (found, index) in zip(classes, order) {
        guard case .structure(let parts) = found, case .float(let score) = parts[1] else {
          Issue.record("row \(row) has \(found)")
          continue
        }
        #expect(parts[0] == .string(["a", "b", "c"][index]))
        #expect(abs(score - Double(scores[row, index])) < 1e-5)
      }
    }
  }

  @Test("each vector of a row by itself", arguments: [1, 2, 64])
  func vectors(_ batchSize: Int) async throws {
    let each = try ModelCase.named("matrix_output")
    let matrices = try Self.expected(each, "y")
    let vectors = try matrices.reshaped(to: [matrices.rowCount * 2, 3])
    let rows = try await Self.predict(each, transforms: ["y": .argmax], batchSize: batchSize)
    let best = vectors.argmax()
    for (row, fields) in rows.enumerated() {
      let classes = best[2 * row..<2 * row + 2].map { ArrowValue.int(Int64($0)) }
      #expect(fields[0] == .list(classes), "row \(row)")
    }
    let softmax = try await Self.predict(each, transforms: ["y": .softmax], batchSize: batchSize)
    let wanted = vectors.softmax().scalars
    for (row, fields) in softmax.enumerated() {
      guard case .list(let values) = fields[0] else {
        Issue.record("row \(row) is \(fields)")
        continue
      }
      #expect(values.count == 6)
      for (index, value) in values.enumerated() {
        guard case .float(let number) = value else { continue }
        #expect(abs(number - Double(wanted[6 * row + index])) < 1e-5, "row \(row)")
      }
    }
  }
}
