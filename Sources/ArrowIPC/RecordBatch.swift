/// Columns of equal length under a schema: the unit in which tables travel.
public struct RecordBatch: Sendable {
  /// The names and types of the columns.
  public let schema: ArrowSchema
  /// One column for each field of the schema.
  public let columns: [ArrowColumn]
  /// The number of rows (also when there are no columns).
  public let rowCount: Int

  /// - Throws: ``ArrowError`` when the columns do not fit the schema or each other in number, type
  ///   or length.
  public init(schema: ArrowSchema, columns: [ArrowColumn], rowCount: Int? = nil) throws(ArrowError)
  {
    guard columns.count == schema.fields.count else {
      throw ArrowError(
        .invalidArgument, "\(columns.count) columns for a schema of \(schema.fields.count) fields")
    }
    let rows = rowCount ?? columns.first?.count ?? 0
    for (field, column) in zip(schema.fields, columns) {
      guard column.type == field.type else {
        throw ArrowError(
          .invalidArgument, "the column is \(column.type), the schema says \(field.type)",
          context: "column '\(field.name)'")
      }
      guard column.count == rows else {
        throw ArrowError(
          .invalidArgument, "the column has \(column.count) rows, the batch \(rows)",
          context: "column '\(field.name)'")
      }
    }
    self.schema = schema
    self.columns = columns
    self.rowCount = rows
  }

  /// A batch of named columns; the schema follows from their types.
  ///
  /// - Throws: ``ArrowError`` when the columns differ in length.
  public init(_ columns: [(name: String, column: ArrowColumn)]) throws(ArrowError) {
    try self.init(
      schema: ArrowSchema(columns.map { ArrowField($0.name, $0.column.type) }),
      columns: columns.map(\.column))
  }

  /// The first column called `name`.
  public func column(_ name: String) -> ArrowColumn? { schema.index(of: name).map { columns[$0] } }

  /// The rows in `range`, sharing the buffers.
  ///
  /// - Precondition: `range` lies within the rows.
  public func slice(_ range: Range<Int>) -> RecordBatch {
    RecordBatch(
      unchecked: schema, columns: columns.map { $0.slice(range) }, rowCount: range.count)
  }

  /// Puts a batch together without checking; the columns are known to fit the schema.
  init(unchecked schema: ArrowSchema, columns: [ArrowColumn], rowCount: Int) {
    self.schema = schema
    self.columns = columns
    self.rowCount = rowCount
  }
}
