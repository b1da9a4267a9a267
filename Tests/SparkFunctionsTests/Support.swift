import ArrowIPC
import SparkFunctions
import SparkTypes
import Synchronization
import Tensors
import Testing

/// Columns for tests.
enum Columns {
  static func floats(_ values: [Float]) -> ArrowColumn { ArrowColumn(Tensor(values)) }

  /// `rows` rows of `width` ascending numbers.
  static func ascending(rows: Int, width: Int, from start: Int = 0) -> ArrowColumn {
    let numbers = (0..<rows * width).map { Float(start + $0) }
    return .lists(of: floats(numbers), rows: rows, width: width)
  }

  /// Rows of any length; `nil` is a null row.
  static func ragged(_ rows: [[Double?]?]) throws -> ArrowColumn {
    try ArrowColumn(
      rows.map { row in
        row.map { .list($0.map { $0.map { .float($0) } ?? .null }) } ?? .null
      }, type: .list(ArrowField("element", .float32)))
  }

  /// Rows of raw floats.
  static func raw(_ rows: [[Float]]) -> ArrowColumn {
    .binary(rows.map { row in row.withUnsafeBytes { Array($0) } })
  }

  static func batch(_ columns: (String, ArrowColumn)...) throws -> RecordBatch {
    try RecordBatch(columns.map { (name: $0.0, column: $0.1) })
  }
}

/// The error's text, or a note that there is none.
func message(_ body: () async throws -> Void) async -> String {
  do {
    try await body()
    return "no error"
  } catch {
    return "\(error)"
  }
}

/// Collects from closures that may run at the same time.
final class Log<Entry: Sendable>: Sendable {
  private let state = Mutex<[Entry]>([])
  var entries: [Entry] { state.withLock { $0 } }
  func append(_ entry: Entry) { state.withLock { $0.append(entry) } }
}

/// What a function saw of its tensors.
struct Seen: Sendable, Equatable {
  var shape: Shape
  var values: [Float]
}

extension PredictBatchUDF where Parameters == NoParameters {
  /// Evaluates as the engine would, without the driver's checks.
  func evaluateUnchecked(
    _ batches: [RecordBatch], worker: WorkerContext = WorkerContext(models: ModelCache())
  ) async throws -> [RecordBatch] {
    let invocation = FunctionInvocation(
      function: name, id: name, fingerprint: "",
      argumentNames: batches.first?.schema.fields.map(\.name) ?? [])
    let output = try await evaluate(BatchList(batches), invocation: invocation, worker: worker)
    var result: [RecordBatch] = []
    while let batch = try await output.next() { result.append(batch) }
    return result
  }
}
