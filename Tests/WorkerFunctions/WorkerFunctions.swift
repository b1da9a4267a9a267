import ArrowIPC
import FoundationEssentials
import Glibc
import Models
public import SparkFunctions
import Tensors

/// The functions that tests of the worker use, in the test's process and in one of their own.
public enum WorkerFunctions {
  public static let fingerprint = "fixture"

  public static let all: [any UserDefinedFunction] = [
    identity, scale, sum, sleepy, busy, failing, short, long, wide, printing, model, brokenModel,
    surroundings, gather, rebatched, reversedTable, firstRows, doubledRows, changing, quitting,
    lateFailure, crashing, slow,
    trapping, faulting, exiting, crashingLate, moody, process,
  ]

  /// The first argument as it is.
  public static let identity = ClosureFunction("identity") { batch, _, _ in
    try RecordBatch([("result", batch.columns[0])])
  }

  /// Doubles times the parameter, a JSON number (2 if there is none).
  public static let scale = ClosureFunction("scale") { batch, invocation, _ in
    let factor =
      invocation.parameters.isEmpty
      ? 2 : try JSONDecoder().decode(Double.self, from: Data(invocation.parameters))
    return try batch.columns[0].withValues(as: Double.self) { values in
      try RecordBatch([("result", ArrowColumn.numbers(values.map { $0 * factor }))])
    }
  }

  /// The sum of all arguments.
  public static let sum = ClosureFunction("sum") { batch, _, _ in
    var sums = [Double](repeating: 0, count: batch.rowCount)
    for column in batch.columns {
      try column.withValues(as: Double.self) {
        for (row, value) in $0.enumerated() { sums[row] += value }
      }
    }
    return try RecordBatch([("result", ArrowColumn.numbers(sums))])
  }

  /// Takes 30 s for a batch, but gives up when the task is cancelled.
  public static let sleepy = ClosureFunction("sleepy") { batch, _, _ in
    try await Task.sleep(for: .seconds(30))
    return batch
  }

  /// Computes without a pause until the task is cancelled, then creates the file that the parameters
  /// name.
  public static let busy = ClosureFunction("busy") { batch, invocation, _ in
    let start = ContinuousClock.now
    while !Task.isCancelled, ContinuousClock.now - start < .seconds(30) {}
    let path = String(decoding: invocation.parameters, as: UTF8.self)
    if !path.isEmpty, Task.isCancelled { close(open(path, O_CREAT | O_WRONLY, 0o600)) }
    return batch
  }

  public static let failing = ClosureFunction("failing") { batch, _, _ in
    throw InferenceError(
      .prediction, "row 7 is bad\nand here is a second line", function: "failing")
  }

  /// One row less than it should.
  public static let short = ClosureFunction("short") { batch, _, _ in
    try RecordBatch([("result", batch.columns[0].slice(0..<max(0, batch.rowCount - 1)))])
  }

  /// One row more than it should.
  public static let long = ClosureFunction("long") { batch, _, _ in
    let column = batch.columns[0]
    return try RecordBatch([
      ("result", ArrowColumn.concatenating([column, column.slice(0..<min(1, column.count))]))
    ])
  }

  /// Two columns where one is expected.
  public static let wide = ClosureFunction("wide") { batch, _, _ in
    try RecordBatch([("a", batch.columns[0]), ("b", batch.columns[0])])
  }

  /// Prints to standard output, which belongs to Spark until the daemon has said where it listens.
  public static let printing = ClosureFunction("printing") { batch, _, _ in
    print("printed by a function")
    fflush(nil)
    return batch
  }

  private struct Model: Sendable { let number: Int }

  /// The number of the load that made its model, which takes a while.
  public static let model = ClosureFunction("model") { batch, invocation, worker in
    let model = try await worker.models.value(for: .init(id: invocation.id)) {
      try await Task.sleep(for: .milliseconds(200))
      return Model(number: worker.models.loadCount)
    }
    return try RecordBatch([
      (
        "result",
        ArrowColumn.numbers([Double](repeating: Double(model.number), count: batch.rowCount))
      )
    ])
  }

  public static let brokenModel = ClosureFunction("brokenModel") { batch, invocation, worker in
    _ = try await worker.models.value(for: .init(id: invocation.id), as: Model.self) {
      throw InferenceError(.modelLoad, "there is no such file (load \(worker.models.loadCount))")
    }
    return batch
  }

  /// What the worker says of the task, as one string for each row.
  public static let surroundings = ClosureFunction("surroundings") { batch, _, worker in
    let text =
      "\(worker.partition) \(worker.stage) \(worker.attempt) \(worker.taskAttempt) \(worker.cpus) "
      + "\(worker.gpus) \(worker.file("model")) \(worker.configuration["spark.sql.session.timeZone"] ?? "")"
    return try RecordBatch([
      ("result", ArrowColumn.strings([String?](repeating: text, count: batch.rowCount)))
    ])
  }

  /// Exchanges partition numbers with the other tasks of a barrier stage.
  public static let gather = ClosureFunction("gather", .batches) { batch, _, worker in
    guard let barrier = worker.barrier else { return nil }
    try await barrier.barrier()
    let all = try await barrier.allGather("task \(worker.partition)")
    return try RecordBatch([("all", ArrowColumn.strings([all.joined(separator: ", ")]))])
  }

  /// The first argument in batches of three rows.
  public static let rebatched = RebatchedFunction()

  /// Columns in opposite order.
  public static let reversedTable = ClosureFunction("reversedTable", .batches) { batch, _, _ in
    try RecordBatch(
      schema: ArrowSchema(batch.schema.fields.reversed()), columns: batch.columns.reversed(),
      rowCount: batch.rowCount)
  }

  /// Ends after the first batch without looking at the rest.
  public static let firstRows = FirstBatchFunction()

  /// Twice as many rows.
  public static let doubledRows = ClosureFunction("doubledRows", .batches) { batch, _, _ in
    try RecordBatch(
      schema: batch.schema,
      columns: batch.columns.map { try ArrowColumn.concatenating([$0, $0]) },
      rowCount: batch.rowCount * 2)
  }

  /// Doubles for the first batches of two rows, strings for others.
  public static let changing = ClosureFunction("changing") { batch, _, _ in
    batch.rowCount == 2
      ? try RecordBatch([("result", batch.columns[0])])
      : try RecordBatch([
        ("result", ArrowColumn.strings([String?](repeating: "x", count: batch.rowCount)))
      ])
  }

  /// Gives nothing at all.
  public static let quitting = ClosureFunction("quitting") { _, _, _ in nil }

  /// Fails at a batch of one row, after others went well.
  public static let lateFailure = ClosureFunction("lateFailure") { batch, _, _ in
    if batch.rowCount == 1 { throw InferenceError(.prediction, "the last batch is bad") }
    return try RecordBatch([("result", batch.columns[0])])
  }

  /// Takes a tenth of a second for a batch.
  public static let slow = ClosureFunction("slow") { batch, _, _ in
    try await Task.sleep(for: .milliseconds(100))
    return batch
  }

  /// Ends the process.
  public static let crashing = ClosureFunction("crashing") { batch, _, _ in
    kill(getpid(), SIGKILL)
    return batch
  }

  /// Ends the process as an error in a program of Swift does.
  public static let trapping = ClosureFunction("trapping") { batch, _, _ in
    if batch.rowCount >= 0 { fatalError("the oven has exploded") }
    return batch
  }

  /// Ends the process as an error in native code does.
  public static let faulting = ClosureFunction("faulting") { batch, _, _ in
    // No memory is there.
    UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = batch.rowCount
    return batch
  }

  /// Ends the process in good order.
  public static let exiting = ClosureFunction("exiting") { batch, _, _ in
    _exit(3)
  }

  /// Ends the process at a batch of one row, after others went well.
  public static let crashingLate = ClosureFunction("crashingLate") { batch, _, _ in
    if batch.rowCount == 1 { kill(getpid(), SIGKILL) }
    return try RecordBatch([("result", batch.columns[0])])
  }

  /// Ends the process if there is a negative number, else gives its id for each row.
  public static let moody = ClosureFunction("moody") { batch, _, _ in
    let isBad = try batch.columns[0].withValues(as: Double.self) { $0.contains { $0 < 0 } }
    if isBad { kill(getpid(), SIGKILL) }
    return try processIDs(batch)
  }

  /// The id of the process for each row, after as many seconds for each batch as the parameter says.
  public static let process = ClosureFunction("process") { batch, invocation, _ in
    if !invocation.parameters.isEmpty {
      let seconds = try JSONDecoder().decode(Double.self, from: Data(invocation.parameters))
      try await Task.sleep(for: .seconds(seconds))
    }
    return try processIDs(batch)
  }

  private static func processIDs(_ batch: RecordBatch) throws -> RecordBatch {
    try RecordBatch([
      ("result", ArrowColumn.numbers([Double](repeating: Double(getpid()), count: batch.rowCount)))
    ])
  }

  public struct RebatchedFunction: UserDefinedFunction {
    public let name = "rebatched"
    public let kind = FunctionKind.column

    public func evaluate(
      _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
    ) async throws -> any BatchSource {
      var rest: ArrowColumn?
      return BatchGenerator {
        while rest?.count ?? 0 < 3, let batch = try await input.next() {
          rest = try ArrowColumn.concatenating([rest, batch.columns[0]].compactMap(\.self))
        }
        guard let column = rest, column.count > 0 else { return nil }
        let rows = min(3, column.count)
        rest = column.slice(rows..<column.count)
        return try RecordBatch([("result", column.slice(0..<rows))])
      }
    }
  }

  public struct FirstBatchFunction: UserDefinedFunction {
    public let name = "firstRows"
    public let kind = FunctionKind.batches

    public func evaluate(
      _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
    ) async throws -> any BatchSource {
      BatchList(try await input.next().map { [$0] } ?? [])
    }
  }
}
