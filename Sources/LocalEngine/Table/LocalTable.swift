public import ArrowIPC
import SparkConnect
public import SparkTypes

/// A table that this process reads, computes and writes by itself: without Spark, Java or Python.
///
/// ```swift
/// try await LocalTable.read.parquet("digits.parquet")
///   .predicting(.onnx("digits.onnx"), inputs: ["pixels": "image"])
///   .write.parquet("predictions.parquet")
/// ```
///
/// It has the words of a `DataFrame`, and the same checks and messages; what only Spark computes
/// (joins, filters, SQL) it has not. Nothing is computed until rows are asked for or written: then the
/// files are read in splits on all cores, one model serves all of them, and the order of the rows is
/// kept.
///
/// A table of rows in memory is the quickest way to try a function of a program:
///
/// ```swift
/// let table = try LocalTable([("pixels", column)])
/// try await table.withColumn("p", mnist("pixels")).show()
/// ```
public struct LocalTable: Sendable {
  private(set) var input: any TableInput
  /// What is computed, in the order in which it was asked for; what nobody wants is left out of a run.
  var steps: [ComputedColumns] = []
  var columns: [TableColumn]
  var limitRows: Int?
  var options = LocalRunOptions()
  /// Where computed columns come from.
  var lineage = TableLineage()
  private var nextID: Int

  init(_ input: any TableInput) {
    self.input = input
    columns = input.columns.enumerated().map { place, column in
      TableColumn(id: place, field: column.field, type: column.type)
    }
    nextID = columns.count
  }

  /// A table of the rows of `batches`.
  ///
  /// - Throws: ``LocalTableError`` if there is neither a batch nor a schema; `ArrowError` or
  ///   `DataTypeError` if the batches differ, or have types that Spark does not know.
  public init(_ batches: [RecordBatch], schema: StructType? = nil) throws {
    self.init(try MemoryInput(batches, schema: schema))
  }

  /// A table of named columns: `LocalTable([("id", .numbers([1, 2])), ("name", .strings(["a", nil]))])`.
  ///
  /// - Throws: `ArrowError` if the columns differ in length.
  public init(_ columns: [(name: String, column: ArrowColumn)]) throws {
    try self.init([try RecordBatch(columns)])
  }

  /// A table with one row for each of `values`, whose properties become the columns, as
  /// `createDataFrame` makes it.
  ///
  /// - Throws: `SparkError` if a value does not fit `schema`, or there is none and the type of a
  ///   property is unknown.
  public init<Value: Encodable>(rows values: [Value], schema: StructType? = nil) throws {
    let (rows, fields) = try ValueTable.rows(of: values, schema: schema)
    try self.init(rows: rows, schema: fields)
  }

  /// A table of rows of single values.
  ///
  /// - Throws: `SparkError` or `ArrowError` if a row has a value that does not fit `schema`.
  public init(rows: [[ArrowValue]], schema: StructType) throws {
    try self.init([try ValueTable.batch(rows, schema: schema)], schema: schema)
  }

  /// The names and types of the columns.
  public var schema: StructType { StructType(columns.map(\.field)) }

  /// Computes on another number of threads than there are cores, and tells how far it is.
  ///
  /// - Parameters:
  ///   - threads: `nil` for all cores that the process may use.
  ///   - onProgress: is told several times a second, from any thread.
  public func running(
    threads: Int? = nil, onProgress: (@Sendable (LocalProgress) -> Void)? = nil
  ) -> LocalTable {
    var table = self
    table.options = LocalRunOptions(threads: threads, onProgress: onProgress)
    return table
  }

  /// At most `count` rows, the first ones.
  public func limit(_ count: Int) -> LocalTable {
    var table = self
    table.limitRows = min(max(count, 0), limitRows ?? .max)
    return table
  }

  /// About `rows` rows from all over the table, the same ones each time: neighbours from some places of
  /// each file, so that little else is read. Of formats without row groups (CSV, JSON) they are the first
  /// rows of each file.
  ///
  /// - Throws: ``LocalTableError`` if rows have been left out already.
  public func sample(rows: Int, seed: UInt64 = 1) throws -> LocalTable {
    if limitRows != nil {
      throw LocalTableError(
        .invalidArgument, "sample: the table is cut by limit; take the sample first")
    }
    var table = self
    table.input = try input.sampled(rows: rows, seed: seed)
    return table
  }

  /// Takes what `step` computes for columns of these fields.
  mutating func add(
    _ fields: [StructField], arguments: [ColumnPath], batchRows: Int, rowBytes: Int? = nil,
    compute: @escaping ComputedColumns.Compute
  ) throws -> [TableColumn] {
    let types = try StructType(fields).arrowSchema().fields.map(\.type)
    let made = zip(fields, types).map { field, type in
      defer { nextID += 1 }
      return TableColumn(id: nextID, field: field, type: type)
    }
    steps.append(
      ComputedColumns(
        arguments: arguments, results: made.map(\.id), types: types, batchRows: batchRows,
        rowBytes: rowBytes, compute: compute))
    return made
  }
}

/// How a table is run.
struct LocalRunOptions: Sendable {
  var threads: Int?
  var onProgress: (@Sendable (LocalProgress) -> Void)?
}

/// A column of a table: its name and type, and the values that it shows.
struct TableColumn: Sendable {
  /// What tells the values from others of the table, whatever the column is called.
  var id: Int
  var field: StructField
  var type: ArrowType
}

/// The values of a column, or of a field within its structs.
struct ColumnPath: Sendable {
  var id: Int
  /// Positions of fields, from the outside to the inside.
  var fields: [Int] = []
  /// The name in messages.
  var name: String
}
