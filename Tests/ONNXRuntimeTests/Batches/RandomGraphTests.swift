import ArrowIPC
import Foundation
import Models
import ONNXRuntime
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Small random models as `make_graphs.py` wrote them: whatever the batch, a row's prediction is the one
/// that it gets alone, or there is an error.
@Suite("Random graphs", .needsRuntime)
struct RandomGraphTests {
  struct Graph: Decodable, Sendable, CustomTestStringConvertible {
    struct Input: Decodable {
      var name: String
      var isScalar: Bool
      var values: [[Double]]
    }

    struct Output: Decodable {
      var name: String
      var values: [[Double]]
    }

    var name: String
    var model: String
    var rows: Int
    var clear: Bool
    var hint: String
    var independent: Bool
    var type: ElementType
    var inputs: [Input]
    var outputs: [Output]
    var testDescription: String { name }

    /// The table of the graph's rows.
    func table() throws -> RecordBatch {
      try RecordBatch(
        inputs.map { input in
          let values = input.values.flatMap(\.self)
          let numbers =
            type == .int64
            ? ArrowColumn(Tensor(values.map { Int64($0) }))
            : ArrowColumn(Tensor(values.map { Float($0) }))
          return (
            input.name,
            input.isScalar
              ? numbers : .lists(of: numbers, rows: rows, width: input.values[0].count)
          )
        })
    }
  }

  private static func graphs() throws -> [Graph] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("graphs.json")
    return try JSONDecoder().decode([Graph].self, from: Data(contentsOf: file))
  }

  /// The graph's predictions, the elements of each row of each output.
  private func predict(
    _ graph: Graph, _ session: ONNXSession, size: Int, dimension: BatchDimension?
  ) async throws -> [[[Double]]] {
    let table = try graph.table()
    let rowShapes = try await ModelPrediction.tried(
      session, name: graph.name, batch: dimension, batchSize: size)
    let plan = try ModelPrediction.plan(
      model: session, reference: ModelReference(format: .onnx, file: "graph.onnx"),
      table: StructType(arrow: table.schema), batchSize: size, batch: dimension,
      rowShapes: rowShapes)
    let arguments = try RecordBatch(
      plan.argumentColumns.compactMap { name in table.column(name).map { (name, $0) } })
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let batches = try await ModelPrediction(loaders: [.onnx: { _, _, _ in session }]).evaluate(
      BatchList([arguments]), invocation: invocation,
      worker: WorkerContext(models: ModelCache()))
    var results = [[[Double]]](repeating: [], count: graph.outputs.count)
    while let batch = try await batches.next() {
      for row in batch.columns[0].values {
        guard case .structure(let fields) = row else { throw TensorError("no struct") }
        for (index, output) in graph.outputs.enumerated() {
          let position = try #require(plan.returnType.names.firstIndex(of: output.name))
          results[index].append(try Self.numbers(fields[position]))
        }
      }
    }
    return results
  }

  private static func numbers(_ value: ArrowValue) throws -> [Double] {
    switch value {
    case .float(let number): return [number]
    case .int(let number): return [Double(number)]
    case .list(let list): return try list.flatMap { try numbers($0) }
    default: throw TensorError("\(value) is no number")
    }
  }

  @Test(arguments: try graphs()) func equalsEachRowAloneOrIsRefused(_ graph: Graph) async throws {
    let model = try #require(Data(base64Encoded: graph.model))
    let session = try ONNXSession(bytes: [UInt8](model), name: graph.name)
    let expected = graph.outputs.map(\.values)
    for size in 1...graph.rows + 1 {
      for hint in [nil, BatchDimension(graph.hint)] {
        let note = Comment(rawValue: "batches of \(size), \(hint?.description ?? "nothing said")")
        do {
          let found = try await predict(graph, session, size: size, dimension: hint)
          #expect(found == expected, note)
        } catch let error as InferenceError {
          let mustSucceed = (graph.clear || hint != nil) && (graph.independent || size == 1)
          #expect(!mustSucceed, "\(note): \(error)")
        }
      }
    }
  }
}
