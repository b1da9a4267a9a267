public import ArrowIPC
import Glibc
public import SparkFunctions
public import SparkWorker
import Threads

/// Plays Spark's side of the Python worker protocol, so that functions can be tested in milliseconds
/// and without Java, through the same code that serves Spark.
///
/// ```swift
/// let batch = try RecordBatch([("pixels", pixels)])
/// let predictions = try await FakeSpark().run(mnist, on: [batch])
/// ```
public struct FakeSpark: Sendable {
  /// What worker and Spark are connected by: the loopback interface, or a Unix socket.
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
  ///   - function: the function; the worker runs in this process and knows it alone.
  ///   - encodedParameters: the function's parameters as JSON.
  ///   - arguments: for functions of columns, the columns to pass (all of them if `nil`).
  ///   - batches: the table.
  ///   - schema: of the input; needed when there are no batches.
  ///   - configure: changes the task before it is sent.
  /// - Returns: for functions of columns, batches of one column `_0`; else the batches that the
  ///   function gave.
  /// - Throws: ``FakeSparkError``; with ``FakeSparkError/Code/taskFailed`` and the worker's message
  ///   when the function fails.
  public func run(
    _ function: any UserDefinedFunction, encodedParameters: [UInt8] = [],
    arguments: [String]? = nil,
    on batches: [RecordBatch], schema: ArrowSchema? = nil,
    configure: @escaping @Sendable (inout FakeSparkTask) -> Void = { _ in }
  ) async throws -> [RecordBatch] {
    let schema = schema ?? batches.first?.schema ?? ArrowSchema([])
    let names = arguments ?? schema.fields.map(\.name)
    let isTable = function.kind == .batches
    // Spark sends each column that is an argument once, under a name of its own.
    let columns = isTable ? [] : try Self.positions(of: names, in: schema)
    let sent = columns.enumerated().filter { columns[..<$0.offset].contains($0.element) == false }
      .map(\.element)
    let invocation = FunctionInvocation(
      function: function.name, id: "fake-\(function.name)", fingerprint: Self.fingerprint,
      parameters: encodedParameters, argumentNames: names)
    let command = try FunctionCommand.encode(invocation)
    let positions = isTable ? [0] : columns.map { sent.firstIndex(of: $0) ?? 0 }
    var task = FakeSparkTask(
      isTable ? .mapInArrow : .scalarPandasIterator,
      calls: [
        FunctionCall(arguments: positions.map { .init(column: $0) }, commands: [command])
      ])
    configure(&task)
    let selected = isTable ? batches : try batches.map { try Self.selected($0, sent) }
    let selectedSchema =
      isTable
      ? schema
      : ArrowSchema(
        sent.enumerated().map { Self.renamed(schema.fields[$0.element], "_\($0.offset)") })
    let outcome = try await run(
      task, registry: FunctionRegistry([function]), on: selected, selectedSchema)
    guard isTable else { return outcome.batches }
    return try outcome.batches.map(Self.unwrapped)
  }

  /// Evaluates `function` with `parameters` over `batches` as one task.
  ///
  /// - Throws: ``FakeSparkError`` with the worker's own words if the task fails; an `EncodingError`
  ///   for parameters that are no JSON.
  public func run(
    _ function: any UserDefinedFunction, parameters: some Encodable & Sendable,
    arguments: [String]? = nil, on batches: [RecordBatch], schema: ArrowSchema? = nil
  ) async throws -> [RecordBatch] {
    try await run(
      function, encodedParameters: try FunctionInvocation.encode(parameters),
      arguments: arguments,
      on: batches, schema: schema)
  }

  /// Runs `task` in this process, with the functions of `registry`.
  ///
  /// - Parameters:
  ///   - task: what Spark would send before the rows.
  ///   - registry: the functions that the worker knows.
  ///   - batches: the table, wrapped here into one struct column for `mapInArrow`.
  ///   - schema: of the table.
  /// - Throws: ``FakeSparkError`` with the worker's own words if the task fails.
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
  ///
  /// - Throws: ``FakeSparkError`` if the worker does not greet; `WorkerError` if the system gives
  ///   no sockets.
  public func connect(
    _ registry: FunctionRegistry, fingerprint: String = Self.fingerprint
  ) throws -> FakeSparkConnection {
    let (spark, worker) = try Socket.pair()
    let service = ConnectionService(
      engine: TaskEngine(registry: registry, fingerprint: fingerprint), models: models,
      log: WorkerLog(level: .nothing))
    Thread.start { service.serve(worker) }
    return try FakeSparkConnection(
      spark, version: version, secret: nil, processID: getpid())
  }

  private static func positions(of names: [String], in schema: ArrowSchema) throws -> [Int] {
    try names.map { name in
      guard let index = schema.index(of: name) else {
        throw FakeSparkError(.launch, "the input has no column '\(name)': \(schema)")
      }
      return index
    }
  }

  private static func selected(_ batch: RecordBatch, _ columns: [Int]) throws -> RecordBatch {
    try RecordBatch(
      schema: ArrowSchema(
        columns.enumerated().map { renamed(batch.schema.fields[$0.element], "_\($0.offset)") }),
      columns: columns.map { batch.columns[$0] }, rowCount: batch.rowCount)
  }

  private static func renamed(_ field: ArrowField, _ name: String) -> ArrowField {
    ArrowField(name, field.type, isNullable: field.isNullable, metadata: field.metadata)
  }

  /// A table as the one struct column that Spark makes of it for `mapInArrow`.
  ///
  /// - Throws: `ArrowError` if a column is shorter than the batch.
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
