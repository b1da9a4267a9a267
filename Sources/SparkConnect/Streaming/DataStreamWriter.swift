import SparkConnectProtocol
import SwiftProtobuf
import Synchronization

/// Starts queries that write the rows of a stream as they come:
/// `try await table.writeStream.format("parquet").option("checkpointLocation", "state").start("out")`.
public struct DataStreamWriter: Sendable {
  let table: DataFrame
  private var formatName: String?
  private var mode: StreamingOutputMode?
  private var chosenTrigger: StreamingTrigger?
  private var name: String?
  private var partitions: [String] = []
  private var options: [String: String] = [:]

  init(table: DataFrame) { self.table = table }

  private func with(_ change: (inout DataStreamWriter) -> Void) -> DataStreamWriter {
    var copy = self
    change(&copy)
    return copy
  }

  /// The sink: a format of files, `kafka`, `memory` (a view of the query's name), `console` (the server's
  /// log), `noop` (computes and forgets) ...
  public func format(_ name: String) -> DataStreamWriter { with { $0.formatName = name } }

  /// Which rows of the result are written; ``StreamingOutputMode/append`` unless it is said.
  public func outputMode(_ mode: StreamingOutputMode) -> DataStreamWriter {
    with { $0.mode = mode }
  }

  /// When the query computes: batch after batch without a pause unless it is said.
  public func trigger(_ trigger: StreamingTrigger) -> DataStreamWriter {
    with { $0.chosenTrigger = trigger }
  }

  /// The name of the query, which no other one of the session may have while it runs.
  public func queryName(_ name: String) -> DataStreamWriter { with { $0.name = name } }

  /// One folder of files for each value of `columns`.
  public func partitionBy(_ columns: String...) -> DataStreamWriter { partitionBy(columns) }

  /// One folder of files for each value of `columns`.
  public func partitionBy(_ columns: [String]) -> DataStreamWriter {
    with { $0.partitions = columns }
  }

  /// An option of the sink, or of the query: `checkpointLocation` is the folder in which it keeps how far it
  /// is, to go on there when it is started again.
  public func option(_ name: String, _ value: String) -> DataStreamWriter {
    with { $0.options[name] = value }
  }

  /// An option of the sink that is `true` or `false`.
  public func option(_ name: String, _ value: Bool) -> DataStreamWriter {
    option(name, "\(value)")
  }

  /// An option of the sink that is a number.
  public func option(_ name: String, _ value: Int) -> DataStreamWriter { option(name, "\(value)") }

  /// Several options of the sink; those that were given before stay.
  public func options(_ values: [String: String]) -> DataStreamWriter {
    with { $0.options.merge(values) { $1 } }
  }

  /// Starts the query, which runs on the server until it is stopped, fails, or has all that its trigger
  /// asks for; it ends with the session.
  ///
  /// - Parameter path: where the sink writes, if it writes to files.
  /// - Throws: ``SparkError`` if Spark cannot make sense of the query, the table is no stream, or the query
  ///   calls functions of this program that the executors cannot run in a streaming query;
  ///   `CancellationError` when the task is cancelled.
  public func start(_ path: String? = nil) async throws -> StreamingQuery {
    try await run { if let path { $0.path = path } }
  }

  /// Starts the query, which adds its rows to the table `name`, made if it does not exist; see ``start(_:)``.
  ///
  /// - Throws: ``SparkError`` as ``start(_:)``; `CancellationError` when the task is cancelled.
  public func toTable(_ name: String) async throws -> StreamingQuery {
    try await run { $0.tableName = name }
  }

  private func run(
    _ target: (inout Spark_Connect_WriteStreamOperationStart) -> Void
  ) async throws -> StreamingQuery {
    let session = table.session
    _ = try table.plan()
    try table.refuseNativeScan()
    try await session.prepare(table.calls)
    if !table.calls.isEmpty { try await session.checkStreamedCalls() }
    var start = Spark_Connect_WriteStreamOperationStart()
    start.input = table.relation
    if let formatName { start.format = formatName }
    if let mode { start.outputMode = mode.rawValue }
    try chosenTrigger?.fill(&start)
    if let name { start.queryName = name }
    start.partitioningColumnNames = partitions
    start.options = options
    target(&start)
    let operation = start
    let started = Collected<Spark_Connect_WriteStreamOperationStartResult>()
    // The calls are prepared.
    try await session.execute(
      .with { $0.command.writeStreamOperationStart = operation }, calls: []
    ) { response in
      if case .writeStreamOperationStartResult(let result) = response.responseType {
        started.set(result)
      }
    }
    guard let result = started.value else {
      throw SparkError(.result, "the server did not tell which query it has started")
    }
    return StreamingQuery(
      session: session, instance: result.queryID, name: result.name.isEmpty ? nil : result.name)
  }
}

extension DataFrame {
  /// Starts queries that write the rows of this stream as they come.
  public var writeStream: DataStreamWriter { DataStreamWriter(table: self) }

  /// A stream has no list of files that workers could read by themselves.
  fileprivate func refuseNativeScan() throws {
    for call in calls where (call.function.scan ?? session.scan) == .native {
      throw SparkError(
        .invalidArgument,
        "'\(call.function.name)' shall read files by itself (scan: native), which a streaming query "
          + "cannot: Spark alone knows which of them are new; use scan: .automatic")
    }
  }
}

extension SparkSession {
  /// Sets what decides whether the executors can run this program's functions in streaming queries: it throws
  /// if they cannot. It is asked after they were made usable in other queries.
  package func checkStreams(with check: @escaping @Sendable (SparkSession) async throws -> Void) {
    state.withLock { $0.streamCheck = check }
  }

  fileprivate func checkStreamedCalls() async throws {
    try await state.withLock { $0.streamCheck }?(self)
  }
}
