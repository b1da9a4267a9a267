import ArrowIPC
import Models
import SparkFunctions
import SparkTypes

/// The batches that a function of whole batches makes of another table's.
struct MappedInput: TableInput {
  let base: LocalTable
  let function: any UserDefinedFunction
  let invocation: FunctionInvocation
  let columns: [(field: StructField, type: ArrowType)]

  var rows: Int? { nil }
  var bytes: Int64 { base.input.bytes }
  var paths: [String] { base.input.paths }

  init(
    _ base: LocalTable, _ function: any UserDefinedFunction, _ invocation: FunctionInvocation,
    returning schema: StructType
  ) throws {
    self.base = base
    self.function = function
    self.invocation = invocation
    columns = zip(schema, try schema.arrowSchema().fields).map { (field: $0, type: $1.type) }
  }

  func sampled(rows: Int, seed: UInt64) throws -> any TableInput {
    try MappedInput(
      try base.sample(rows: rows, seed: seed), function, invocation,
      returning: StructType(columns.map(\.field)))
  }

  func source(
    _ places: [Int], parallelism: Int, limit: Int?, faults: RunFaults
  ) throws -> any EngineSource {
    let plan = TablePlan(base)
    return MappedSource(
      base: try base.input.source(
        plan.read, parallelism: parallelism, limit: base.limitRows, faults: faults),
      plan: plan, limit: base.limitRows, function: function, invocation: invocation, places: places,
      batchRows: base.unitRows(plan, threads: parallelism), faults: faults)
  }
}

/// Each split of the other table is one of the function's partitions; all of them together, if only the
/// first rows count.
private struct MappedSource: EngineSource {
  let base: any EngineSource
  let plan: TablePlan
  let limit: Int?
  let function: any UserDefinedFunction
  let invocation: FunctionInvocation
  let places: [Int]
  let batchRows: Int
  let faults: RunFaults

  var splitCount: Int { limit == nil ? base.splitCount : 1 }
  var rows: Int? { nil }
  func bytes(of split: Int) -> Int64 {
    limit == nil
      ? base.bytes(of: split) : (0..<base.splitCount).reduce(0) { $0 + base.bytes(of: $1) }
  }

  func open(_ split: Int, batchRows: Int) async throws -> any EngineBatches {
    let rows = PlannedRows(
      base, splits: limit == nil ? split..<split + 1 : 0..<base.splitCount, plan: plan,
      limit: limit, batchRows: self.batchRows, faults: faults)
    var worker = WorkerContext(partition: split)
    worker.rows = RowOrigin(whole: "the split")
    let output = try await function.evaluate(rows, invocation: invocation, worker: worker)
    return MappedBatches(output, rows, places)
  }
}

/// A table's rows from some of its splits, as the input of a function. One thread at a time takes them.
private final class PlannedRows: BatchSource, @unchecked Sendable {
  private let base: any EngineSource
  private var splits: Range<Int>
  private let plan: TablePlan
  private let batchRows: Int
  private let faults: RunFaults
  private var remaining: Int?
  private var current: (any EngineBatches)?
  private var rows = 0
  private let stop = StopFlag()

  init(
    _ base: any EngineSource, splits: Range<Int>, plan: TablePlan, limit: Int?, batchRows: Int,
    faults: RunFaults
  ) {
    self.base = base
    self.splits = splits
    self.plan = plan
    self.batchRows = batchRows
    self.faults = faults
    remaining = limit
  }

  func cancel() { stop.set() }

  func next() async throws -> RecordBatch? {
    while remaining != 0 {
      try stop.check()
      let batches: any EngineBatches
      if let current {
        batches = current
      } else {
        guard let split = splits.popFirst() else { return nil }
        batches = try await base.open(split, batchRows: batchRows)
        current = batches
        rows = 0
      }
      guard var batch = try await batches.next() else {
        current = nil
        continue
      }
      if let limit = remaining {
        if limit < batch.rowCount { batch = batch.slice(0..<limit) }
        remaining = limit - batch.rowCount
      }
      var worker = WorkerContext()
      worker.faults = faults
      worker.rows = batches.origin
      worker.rows.first += rows
      worker.rows.place = batches.place
      rows += batch.rowCount
      do {
        return try await plan.apply(to: batch, worker)
      } catch var error as InferenceError {
        if let place = batches.place { error.message += " (\(place))" }
        throw error
      }
    }
    return nil
  }
}

/// What the function gives, with the columns that are wanted. One thread at a time takes it.
private final class MappedBatches: EngineBatches, @unchecked Sendable {
  private let output: any BatchSource
  private let input: PlannedRows
  private let places: [Int]
  var origin: RowOrigin { RowOrigin(whole: "the split") }
  var place: String? { nil }

  init(_ output: any BatchSource, _ input: PlannedRows, _ places: [Int]) {
    self.output = output
    self.input = input
    self.places = places
  }

  func next() async throws -> RecordBatch? {
    guard let batch = try await output.next() else { return nil }
    return try RecordBatch(
      schema: ArrowSchema(places.map { batch.schema.fields[$0] }),
      columns: places.map { batch.columns[$0] }, rowCount: batch.rowCount)
  }

  func cancel() { input.cancel() }
}
