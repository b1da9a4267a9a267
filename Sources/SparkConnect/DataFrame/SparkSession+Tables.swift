public import ArrowIPC
import Crypto
import FoundationEssentials
import SparkConnectProtocol
public import SparkTypes
import SwiftProtobuf

extension SparkSession {
  /// The result of an SQL query. `:name` in it stands for an entry of `arguments`.
  ///
  /// - Throws: ``SparkError`` if an argument cannot be sent, the query is wrong, or a statement
  ///   with effects fails; `CancellationError` when the task is cancelled.
  public func sql(_ query: String, _ arguments: [String: any ColumnConvertible] = [:]) async throws
    -> DataFrame
  {
    let named = try arguments.mapValues { try $0.column.expression(majorMinorVersion) }
    return try await sql(
      .with {
        $0.query = query
        $0.namedArguments = named
      })
  }

  /// The result of an SQL query. Each `?` in it stands for the next of `arguments`.
  ///
  /// - Throws: ``SparkError`` if an argument cannot be sent, the query is wrong, or a statement
  ///   with effects fails; `CancellationError` when the task is cancelled.
  public func sql(_ query: String, _ arguments: [any ColumnConvertible]) async throws -> DataFrame {
    let positional = try arguments.map { try $0.column.expression(majorMinorVersion) }
    return try await sql(
      .with {
        $0.query = query
        $0.posArguments = positional
      })
  }

  private func sql(_ query: Spark_Connect_SQL) async throws -> DataFrame {
    let relation = Spark_Connect_Relation.with { $0.sql = query }
    // Statements with effects (CREATE, INSERT ...) run now, once; queries come back as they are.
    let plan = Spark_Connect_Plan.with { $0.command.sqlCommand.input = relation }
    let result = Collected<Spark_Connect_Relation>()
    try await execute(plan, calls: []) { response in
      if case .sqlCommandResult(let command) = response.responseType {
        result.set(command.relation)
      }
    }
    return DataFrame(session: self, relation: result.value ?? relation)
  }

  /// The table called `name`.
  public func table(_ name: String) -> DataFrame { read.table(name) }

  /// A table of one column `id` with the numbers from `start` up to `end`, without it.
  public func range(_ start: Int, _ end: Int, step: Int = 1, partitions: Int? = nil) -> DataFrame {
    DataFrame(
      session: self,
      relation: .with {
        $0.range.start = Int64(start)
        $0.range.end = Int64(end)
        $0.range.step = Int64(step)
        if let partitions { $0.range.numPartitions = Int32(clamping: partitions) }
      })
  }

  /// A table of one column `id` with the numbers from 0 up to `end`, without it.
  public func range(_ end: Int) -> DataFrame { range(0, end) }

  /// A local table above this size goes to the server as an artifact instead of within the plan.
  private static let largeTable = 1 << 20

  /// A table of the rows of `batches`.
  ///
  /// - Throws: ``SparkError`` or `ArrowError` if the batches differ in schema or have types that
  ///   Spark does not know.
  public func createDataFrame(_ batches: [RecordBatch], schema: StructType? = nil) async throws
    -> DataFrame
  {
    guard let arrow = try batches.first?.schema ?? schema?.arrowSchema() else {
      throw SparkError(
        .invalidArgument, "a table needs a schema: give one, or at least one batch")
    }
    let sparkSchema = try schema ?? StructType(arrow: arrow)
    let bytes = try ArrowStreamWriter.bytes(batches, schema: arrow)
    let local = Spark_Connect_LocalRelation.with {
      $0.data = Data(bytes)
      $0.schema = sparkSchema.ddl
    }
    if bytes.count <= Self.largeTable {
      return DataFrame(session: self, relation: .with { $0.localRelation = local })
    }
    let blob = try local.serializedData()
    let hash = SHA256.hash(data: blob).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
    if try await !hasArtifact("cache/\(hash)") {
      try await addArtifact(named: "cache/\(hash)", blob)
    }
    return DataFrame(
      session: self, relation: .with { $0.cachedLocalRelation = .with { $0.hash = hash } })
  }

  /// A table of named columns, for example
  /// `createDataFrame([("id", .numbers([1, 2])), ("name", .strings(["a", nil]))])`.
  ///
  /// - Throws: `ArrowError` if the columns differ in length.
  public func createDataFrame(
    _ columns: [(name: String, column: ArrowColumn)]
  ) async throws -> DataFrame {
    try await createDataFrame([try RecordBatch(columns)])
  }

  /// A table with one row for each of `values`, whose properties become the columns.
  ///
  /// Without a schema the types follow from the values: `Int` becomes `bigint`, `Date` a timestamp,
  /// `Data` binary, arrays, dictionaries and nested structures theirs.
  ///
  /// - Throws: ``SparkError`` if a value does not fit `schema`; if there is none, and a property is
  ///   `nil` or empty in every value, so that its type is unknown.
  public func createDataFrame<Value: Encodable>(
    _ values: [Value], schema: StructType? = nil
  ) async throws -> DataFrame {
    let (rows, fields) = try ValueTable.rows(of: values, schema: schema)
    return try await createDataFrame(rows, schema: fields)
  }

  /// A table of rows of single values.
  ///
  /// - Throws: ``SparkError`` if a row has a value that does not fit `schema`.
  public func createDataFrame(
    _ rows: [[ArrowValue]], schema: StructType
  ) async throws -> DataFrame {
    try await createDataFrame([try ValueTable.batch(rows, schema: schema)], schema: schema)
  }
}
