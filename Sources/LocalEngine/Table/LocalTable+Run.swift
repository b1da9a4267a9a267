public import ArrowIPC
import FileTables
import HostProcesses
public import SparkConnect
import SparkFunctions
import SparkTypes

extension LocalTable {
  /// Rows whose tensors have about these bytes stay in the processor's caches.
  private static let unitBytes = 3 << 20
  /// The bytes of files that are decoded at once, of tables with large values.
  private static let readBytes = 8 << 20
  private static let mostRows = 8192
  /// Of a run that can be resumed: rows count when they are written, so that fewer wait for others.
  private static let resumedRows = 256

  /// The number of rows to decode and compute at once.
  func unitRows(_ plan: TablePlan, threads: Int) -> Int {
    let least = max(1, plan.steps.map(\.batchRows).max() ?? 1)
    let rowBytes = plan.steps.compactMap(\.rowBytes).max() ?? 1024
    var rows = min(Self.mostRows, Self.unitBytes / max(rowBytes, 1))
    let all = input.rows
    if let all, all > 0 {
      rows = min(rows, Self.readBytes / max(Int(input.bytes) / all, 1))
      // Some units for each thread.
      rows = min(rows, max(all / (threads * 4), 1))
    }
    if let limitRows { rows = min(rows, max(limitRows, 1)) }
    // Whole batches of the model.
    return max(rows / least, 1) * least
  }

  /// Brings all rows into `sink`.
  ///
  /// - Throws: the first error of reading, computing or writing, after which nothing is left of what was
  ///   written; `CancellationError` within a second when the task is cancelled.
  package func run(into sink: any EngineSink) async throws -> LocalSummary {
    try await run(into: sink, skipping: nil)
  }

  /// The same without the rows whose keys are done.
  ///
  /// - Parameters:
  ///   - ids: the columns of the keys.
  ///   - mostRows: the rows of a part, if somebody said it.
  func run(
    into sink: any EngineSink, skipping keys: RowKeys?, ids: [Int] = [], mostRows: Int? = nil
  ) async throws -> LocalSummary {
    let plan = TablePlan(self)
    let threads = max(1, options.threads ?? Machine.availableCores)
    let faults = RunFaults(total: input.rows.map { min($0, limitRows ?? .max) })
    let source = try input.source(
      plan.read, parallelism: threads, limit: limitRows, faults: faults)
    var settings = EngineRun.Settings()
    settings.threads = threads
    settings.unitRows = unitRows(plan, threads: threads)
    settings.leastRows = max(1, plan.steps.map(\.batchRows).max() ?? 1)
    settings.limit = limitRows
    if let keys {
      let most = min(mostRows ?? .max, Self.resumedRows) / settings.leastRows * settings.leastRows
      settings.unitRows = min(settings.unitRows, max(most, settings.leastRows))
      settings.doneRows = keys.doneCount
      let places = ids.compactMap { plan.read.firstIndex(of: $0) }
      settings.choose = { batch, origin in
        try keys.remaining(places.map { batch.columns[$0] }, count: batch.rowCount, of: origin)
      }
    }
    settings.onProgress = options.onProgress
    settings.check = { try faults.finish() }
    var worker = WorkerContext()
    worker.faults = faults
    var summary = try await EngineRun(source, to: sink, settings: settings, worker: worker) {
      batch, worker in try await plan.apply(to: batch, worker)
    }.run()
    summary.failures = faults.failures
    return summary
  }

  /// All rows as record batches, in their order.
  ///
  /// - Throws: why they cannot be read or computed, naming the file and row; `CancellationError` when
  ///   the task is cancelled.
  public func collectBatches() async throws -> [RecordBatch] {
    let sink = MemorySink()
    _ = try await run(into: sink)
    return sink.batches
  }

  /// All rows.
  ///
  /// - Throws: as ``collectBatches()``.
  public func rows() async throws -> [Row] {
    let schema = schema
    return try await collectBatches().flatMap { batch in
      (0..<batch.rowCount).map { row in
        Row(schema: schema, values: batch.columns.map { $0.value(at: row) })
      }
    }
  }

  /// All rows, as a `DataFrame` calls it.
  ///
  /// - Throws: as ``collectBatches()``.
  public func collect() async throws -> [Row] { try await rows() }

  /// All rows as values of a `Decodable` type whose properties are named as the columns.
  ///
  /// - Throws: as ``collectBatches()``; `DecodingError` naming the column that does not fit.
  public func collect<Value: Decodable & Sendable>(as type: Value.Type) async throws -> [Value] {
    try await rows().map { try $0.decode(type) }
  }

  /// The first `count` rows; no more are read than that takes.
  ///
  /// - Throws: as ``collectBatches()``.
  public func take(_ count: Int) async throws -> [Row] { try await limit(count).rows() }

  /// The number of rows.
  ///
  /// - Throws: as ``collectBatches()``.
  public func count() async throws -> Int {
    if let rows = input.rows { return min(rows, limitRows ?? .max) }
    var table = self
    // The cheapest way to meet every row.
    table.columns = Array(
      (columns.filter { $0.id < input.columns.count } + columns).prefix(1))
    return try await table.run(into: CountingSink()).rows
  }

  /// Prints the first `rows` rows, values longer than `truncate` characters cut (0: never).
  ///
  /// - Throws: as ``collectBatches()``.
  public func show(_ rows: Int = 20, truncate: Int = 20) async throws {
    print(try await showString(rows, truncate: truncate), terminator: "")
  }

  /// What ``show(_:truncate:)`` prints.
  ///
  /// - Throws: as ``collectBatches()``.
  public func showString(_ rows: Int = 20, truncate: Int = 20) async throws -> String {
    let shown = max(rows, 0)
    let batches = try await limit(shown == .max ? shown : shown + 1).collectBatches()
    return TableText(schema: schema, truncate: truncate).text(batches, rows: shown)
  }

  /// Prints the schema as a tree.
  public func printSchema() { print(schema.treeString, terminator: "") }
}
