import ArrowIPC
import Models
import ONNXRuntime
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Rows that ONNX Runtime refuses, among others.
@Suite("Row errors", .needsRuntime)
struct RowErrorTests {
  /// The predictions of rows of ids, and what is said of those that failed.
  private static func predict(
    _ session: ONNXSession, _ rows: [[Int64]], batchSize: Int, errors: ErrorPolicy
  ) async throws -> ArrowColumn {
    let ids = try ArrowColumn(
      rows.map { .list($0.map { .int($0) }) }, type: .list(ArrowField("element", .int64)))
    let table = try RecordBatch([("ids", ids)])
    let plan = try ModelPrediction.plan(
      model: session, reference: ModelReference(format: .onnx, file: "fails_index.onnx"),
      table: StructType(arrow: table.schema), batchSize: batchSize, errors: errors)
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let batches = try await ModelPrediction(loaders: [.onnx: { _, _, _ in session }]).evaluate(
      BatchList([table]), invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var columns: [ArrowColumn] = []
    while let batch = try await batches.next() { columns += batch.columns }
    return try .concatenating(columns)
  }

  @Test("an id beyond the table is told beside its row, the others are predicted")
  func refused() async throws {
    let session = try ONNXSession(path: Models.shared("fails_index.onnx"))
    var rows = (0..<50).map { (row: Int) -> [Int64] in
      (0..<4).map { (place: Int) -> Int64 in Int64((3 * row + place) % 10) }
    }
    let undisturbed = try await Self.predict(session, rows, batchSize: 16, errors: .fail).values
    rows[7] = [0, 1, 2, 99]
    rows[20] = [0, 1]
    rows[48] = [-99, 0, 0, 0]
    let found = try await Self.predict(session, rows, batchSize: 16, errors: .column())
    for (row, value) in found.values.enumerated() {
      guard case .structure(let fields) = value, case .structure(let expected) = undisturbed[row]
      else {
        Issue.record("row \(row) is \(value)")
        continue
      }
      switch row {
      case 7, 48:
        #expect(fields[0] == .null && "\(fields[1])".contains("model: [ONNX_RUN] "), "\(fields)")
        #expect("\(fields[1])".contains("ids[1, 4]"), "\(fields)")
      case 20: #expect("\(fields[1])".contains("length: column"), "\(fields)")
      default: #expect(fields == expected + [.null], "row \(row)")
      }
    }
  }
}
