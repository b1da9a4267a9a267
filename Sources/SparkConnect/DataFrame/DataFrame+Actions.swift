public import ArrowIPC
import FoundationEssentials
import SparkConnectProtocol
public import SparkTypes
import SwiftProtobuf
public import Tensors

extension DataFrame {
  /// Runs the query and hands each record batch to `body` as it comes; no more than one is held.
  ///
  /// - Throws: what `body` throws, which ends the query; ``SparkError`` if Spark refuses or fails
  ///   the query, or the server is lost; `CancellationError` when the task is cancelled.
  public func forEachBatch(
    _ body: @escaping @Sendable (RecordBatch) async throws -> Void
  ) async throws {
    try await results { batch, _ in try await body(batch) }
  }

  /// - Parameter body: is given each batch, and the table's schema if the server has told it.
  private func results(
    _ body: @escaping @Sendable (RecordBatch, StructType?) async throws -> Void
  ) async throws {
    let schema = Collected<StructType>()
    let result = ResultBatches()
    let table = try await scanned().table
    try await session.execute(try table.plan(), calls: calls) { response in
      if response.hasSchema, case .struct(let fields) = response.schema.kind {
        schema.set(StructType(fields))
      }
      guard case .arrowBatch(let message) = response.responseType else { return }
      for batch in try result.add(message) { try await body(batch, schema.value) }
    }
    try result.finish()
  }

  /// The rows as record batches, streamed: no more than one is held at a time.
  public func recordBatches() -> RecordBatchSequence { RecordBatchSequence(table: self) }

  /// All rows as record batches.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func collectBatches() async throws -> [RecordBatch] {
    let batches = Collected<[RecordBatch]>()
    try await forEachBatch { batch in batches.update(default: []) { $0.append(batch) } }
    return batches.value ?? []
  }

  /// All rows.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func collect() async throws -> [Row] {
    let rows = Collected<[Row]>()
    try await results { batch, schema in
      let fields = try schema ?? StructType(arrow: batch.schema)
      let made = (0..<batch.rowCount).map { row in
        Row(schema: fields, values: batch.columns.map { $0.value(at: row) })
      }
      rows.update(default: []) { $0 += made }
    }
    return rows.value ?? []
  }

  /// All rows as values of a `Decodable` type whose properties are named as the columns.
  ///
  /// - Throws: `DecodingError` naming the column that does not fit.
  public func collect<Value: Decodable & Sendable>(as type: Value.Type) async throws -> [Value] {
    try await collect().map { try $0.decode(type) }
  }

  /// The column `name` of all rows as one tensor `[rows] + rowShape`.
  ///
  /// - Throws: ``SparkError`` if there is no such column or a row does not fit.
  public func tensor<Element: TensorElement>(
    of name: String, as element: Element.Type = Element.self, rowShape: Shape? = nil
  ) async throws -> Tensor<Element> {
    let parts = Collected<[Tensor<Element>]>()
    try await select(col(name)).forEachBatch { batch in
      let part = try batch.columns[0].tensor(of: Element.self, rowShape: rowShape)
      if batch.rowCount > 0 { parts.update(default: []) { $0.append(part) } }
    }
    return try Tensor.concatenating(parts.value ?? [Tensor(shape: [0]) { _ in }])
  }

  /// The number of rows.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func count() async throws -> Int {
    let rows = try await agg(SparkConnect.count().as("count")).collect()
    guard case .int(let count)? = rows.first?.values.first else {
      throw SparkError(.result, "the server did not tell the number of rows")
    }
    return Int(count)
  }

  /// The first `count` rows.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func take(_ count: Int) async throws -> [Row] { try await limit(count).collect() }

  /// The first row, if there is one.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func first() async throws -> Row? { try await take(1).first }

  /// The last `count` rows.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func tail(_ count: Int) async throws -> [Row] {
    try await over { result, _ in result.tail.limit = Int32(clamping: count) }.collect()
  }

  /// Whether there are no rows; one is asked for.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public var isEmpty: Bool { get async throws { try await first() == nil } }

  /// Prints the first `rows` rows, values longer than `truncate` characters cut (0: never).
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func show(_ rows: Int = 20, truncate: Int = 20, vertical: Bool = false) async throws {
    print(try await showString(rows, truncate: truncate, vertical: vertical), terminator: "")
  }

  /// What ``show(_:truncate:vertical:)`` prints.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func showString(
    _ rows: Int = 20, truncate: Int = 20, vertical: Bool = false
  ) async throws -> String {
    let shown = over { result, _ in
      result.showString.numRows = Int32(clamping: rows)
      result.showString.truncate = Int32(clamping: truncate)
      result.showString.vertical = vertical
    }
    guard case .string(let text)? = try await shown.collect().first?.values.first else {
      throw SparkError(.result, "the server did not give the table as text")
    }
    return text.hasSuffix("\n") ? text : text + "\n"
  }

  /// The names and types of the columns; nothing is computed.
  ///
  /// - Throws: ``SparkError`` if Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func schema() async throws -> StructType {
    let plan = try plan()
    let response = try await session.analyze { $0.schema = .with { $0.plan = plan } }
    guard case .struct(let fields) = response.schema.schema.kind else {
      throw SparkError(.result, "the server did not give a schema")
    }
    return StructType(fields)
  }

  /// The names of the columns.
  ///
  /// - Throws: ``SparkError`` if Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public var columns: [String] { get async throws { try await schema().names } }

  /// Prints the schema as a tree.
  ///
  /// - Throws: ``SparkError`` if Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func printSchema() async throws { print(try await schema().treeString, terminator: "") }

  /// How much ``explain(_:)`` tells.
  public enum ExplainMode: Sendable { case simple, extended, codegen, cost, formatted }

  /// How Spark will run the query, below a line for each table of files that workers read themselves.
  ///
  /// - Throws: ``SparkError`` if Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func explain(_ mode: ExplainMode = .simple) async throws -> String {
    let (table, notes) = try await scanned()
    let plan = try table.plan()
    let text = try await session.analyze { request in
      request.explain.plan = plan
      request.explain.explainMode =
        switch mode {
        case .simple: .simple
        case .extended: .extended
        case .codegen: .codegen
        case .cost: .cost
        case .formatted: .formatted
        }
    }.explain.explainString
    return notes.map { "Native scan: \($0)\n" }.joined() + text
  }

  /// Keeps the rows in the executors' memory, and on disk where they do not fit, once computed.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  @discardableResult
  public func cache() async throws -> DataFrame { try await persist() }

  /// Keeps the rows once computed.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  @discardableResult
  public func persist(memory: Bool = true, disk: Bool = true) async throws -> DataFrame {
    _ = try plan()
    try await session.prepare(calls)
    // The server finds kept rows by the plan, as queries have it.
    let kept = try await session.formed(relation)
    _ = try await session.analyze { request in
      request.persist.relation = kept
      request.persist.storageLevel.useMemory = memory
      request.persist.storageLevel.useDisk = disk
      request.persist.storageLevel.deserialized = memory
      request.persist.storageLevel.replication = 1
    }
    session.keepsRows(true, plan: relation.common.planID)
    session.connection.serverSession.holdsSomething()
    return self
  }

  /// Forgets kept rows.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func unpersist() async throws {
    let kept = try await session.formed(relation)
    _ = try await session.analyze { $0.unpersist = .with { $0.relation = kept } }
    session.keepsRows(false, plan: relation.common.planID)
  }
}

/// The rows of a query as record batches, computed while they are read.
public struct RecordBatchSequence: AsyncSequence, Sendable {
  public typealias Element = RecordBatch
  let table: DataFrame

  /// Runs the query; leaving the loop early interrupts it.
  public final class AsyncIterator: AsyncIteratorProtocol {
    private let channel = BatchChannel()
    private let execution: Task<Void, Never>

    init(_ table: DataFrame) {
      let channel = channel
      execution = Task {
        do {
          try await table.forEachBatch { try await channel.send($0) }
          channel.finish()
        } catch {
          channel.finish(error)
        }
      }
    }

    /// The next batch, `nil` after the last one.
    ///
    /// - Throws: ``SparkError`` if Spark refuses or fails the query, or the server is lost;
    ///   `CancellationError` when the task is cancelled.
    public func next() async throws -> RecordBatch? {
      try await withTaskCancellationHandler {
        try await channel.next()
      } onCancel: { [execution, channel] in
        execution.cancel()
        channel.finish(CancellationError())
      }
    }

    deinit {
      execution.cancel()
      channel.finish(CancellationError())
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(table) }
}
