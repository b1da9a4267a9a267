import ArrowIPC
import BatchInference
import Glibc
import SparkWorker

/// Plays Spark's side of the Python worker protocol, so that functions can be tested in milliseconds
/// and without Java, through the same code that serves Spark.
///
/// ```swift
/// let batch = try RecordBatch([("pixels", pixels)])
/// let predictions = try await FakeSpark().run(mnist, on: [batch])
/// ```
public struct FakeSpark: Sendable {
  public enum Transport: Sendable, Hashable, CaseIterable {
    case tcp, unix
  }

  /// The Spark version to play.
  public var version: SparkProtocolVersion
  /// The models of the worker, which lives as long as this value.
  public var models: ModelCache

  /// The build that driver and worker agree on.
  public static let fingerprint = "fake"

  public init(
    version: SparkProtocolVersion = .v4_3, models: ModelCache = ModelCache()
  ) {
    self.version = version
    self.models = models
  }

  /// Evaluates `function` over `batches` as one task.
  ///
  /// - Parameters:
  ///   - parameters: the function's parameters as JSON.
  ///   - arguments: for functions of columns, the columns to pass (all of them if `nil`).
  ///   - schema: of the input; needed when there are no batches.
  ///   - configure: changes the task before it is sent.
  /// - Returns: for functions of columns, batches of one column `_0`; else the batches that the
  ///   function gave.
  /// - Throws: ``FakeSparkError``; with ``FakeSparkError/Code/taskFailed`` and the worker's message
  ///   when the function fails.
  public func run(
    _ function: any UserDefinedFunction, parameters: [UInt8] = [], arguments: [String]? = nil,
    on batches: [RecordBatch], schema: ArrowSchema? = nil,
    configure: @escaping @Sendable (inout FakeSparkTask) -> Void = { _ in }
  ) async throws -> [RecordBatch] {
    let schema = schema ?? batches.first?.schema ?? ArrowSchema([])
    let names = arguments ?? schema.fields.map(\.name)
    let columns = try names.map { name in
      guard let index = schema.index(of: name) else {
        throw FakeSparkError(.launch, "the input has no column '\(name)': \(schema)")
      }
      return index
    }
    let invocation = FunctionInvocation(
      function: function.name, id: "fake-\(function.name)", fingerprint: Self.fingerprint,
      parameters: parameters, argumentNames: names)
    let command = try FunctionCommand.encode(invocation)
    let call = FunctionCall(
      arguments: function.kind == .batches
        ? [.init(column: 0)] : columns.map { .init(column: $0) }, commands: [command])
    var task = FakeSparkTask(
      function.kind == .batches ? .mapInArrow : .scalarPandasIterator, calls: [call])
    configure(&task)
    let outcome = try await run(task, registry: FunctionRegistry([function]), on: batches, schema)
    guard function.kind == .batches else { return outcome.batches }
    return try outcome.batches.map(Self.unwrapped)
  }

  /// Runs `task` in this process, with the functions of `registry`.
  ///
  /// - Parameter batches: the table, wrapped here into one struct column for `mapInArrow`.
  public func run(
    _ task: FakeSparkTask, registry: FunctionRegistry, on batches: [RecordBatch],
    _ schema: ArrowSchema
  ) async throws -> FakeSparkConnection.Outcome {
    let isWrapped = task.evaluation == .mapInArrow
    let sent = isWrapped ? try batches.map(Self.wrapped) : batches
    let sentSchema =
      isWrapped ? ArrowSchema([ArrowField("_0", .structure(schema.fields))]) : schema
    return try await Thread.run { [self] in
      let connection = try connect(registry)
      defer { connection.close() }
      return try connection.run(task, on: sent, schema: sentSchema)
    }
  }

  /// A connection to a worker in this process that knows the functions of `registry`.
  public func connect(
    _ registry: FunctionRegistry, fingerprint: String = Self.fingerprint
  ) throws -> FakeSparkConnection {
    let (spark, worker) = try Socket.pair()
    let service = ConnectionService(
      engine: TaskEngine(registry: registry, fingerprint: fingerprint), models: models,
      log: WorkerLog(level: .nothing))
    Thread.start { service.serve(worker, secret: nil) }
    return try FakeSparkConnection(
      spark, version: version, secret: nil, processID: getpid())
  }

  /// A table as the one struct column that Spark makes of it for `mapInArrow`.
  public static func wrapped(_ batch: RecordBatch) throws -> RecordBatch {
    try RecordBatch([
      (
        "_0",
        try ArrowColumn.structure(batch.schema.fields, batch.columns, count: batch.rowCount)
      )
    ])
  }

  /// The table within the one struct column of a result of `mapInArrow`.
  ///
  /// - Throws: ``FakeSparkError`` if the batch is not of that form.
  public static func unwrapped(_ batch: RecordBatch) throws -> RecordBatch {
    guard batch.columns.count == 1, case .structure(let fields) = batch.columns[0].type else {
      throw FakeSparkError(
        .protocolViolation, "mapInArrow gave \(batch.schema), expected one struct column")
    }
    return try RecordBatch(
      schema: ArrowSchema(fields), columns: fields.indices.map { batch.columns[0].field($0) },
      rowCount: batch.rowCount)
  }
}
