package import ArrowIPC
package import SparkTypes

/// Values of the program as rows of a table.
package enum ValueTable {
  /// One row for each of `values`, whose properties become the columns.
  ///
  /// - Parameter schema: `nil` where the types follow from the values.
  /// - Throws: ``SparkError`` if a value does not fit `schema`; if there is none, and a property is
  ///   `nil` or empty in every value, so that its type is unknown.
  package static func rows<Value: Encodable>(
    of values: [Value], schema: StructType?
  ) throws -> (rows: [[ArrowValue]], schema: StructType) {
    // A plain value, as opposed to a structure, is a row of one column.
    let encoded = try values.map { value -> EncodedValue in
      let encoded = try EncodedValue.encode(value)
      if case .object = encoded { return encoded }
      return .object([("value", encoded)])
    }
    let found =
      try schema.map { DataType.struct($0) }
      ?? encoded.reduce(.null) { try EncodedValue.merged($0, $1.type(), "a value") }
    guard case .struct(let fields) = found, !fields.isEmpty else {
      throw SparkError(.invalidArgument, "a table of no values needs a schema")
    }
    if let field = fields.first(where: { isUnknown($0.type) }) {
      throw SparkError(
        .invalidArgument,
        "the type of '\(field.name)' is unknown, for it is nil or empty in every value: give a schema"
      )
    }
    let rows = try encoded.enumerated().map { index, value -> [ArrowValue] in
      guard case .structure(let row) = try value.value(as: found, "value \(index)") else {
        throw SparkError(.invalidArgument, "value \(index) is no row")
      }
      return row
    }
    return (rows, fields)
  }

  private static func isUnknown(_ type: DataType) -> Bool {
    switch type {
    case .null: true
    case .array(let element, _): isUnknown(element)
    case .map(_, let value, _): isUnknown(value)
    case .struct(let fields): fields.contains { isUnknown($0.type) }
    default: false
    }
  }

  /// The rows as one batch.
  ///
  /// - Throws: ``SparkError`` or `ArrowError` if a row has a value that does not fit `schema`.
  package static func batch(
    _ rows: [[ArrowValue]], schema: StructType
  ) throws -> RecordBatch {
    let arrow = try schema.arrowSchema()
    if let row = rows.firstIndex(where: { $0.count != schema.count }) {
      throw SparkError(
        .invalidArgument, "row \(row) has \(rows[row].count) values, the schema \(schema.count)")
    }
    let columns = try zip(schema, arrow.fields).enumerated().map { index, types -> ArrowColumn in
      let (field, stored) = types
      if field.type.hasDecimals {
        for (row, values) in rows.enumerated() {
          try field.type.checkDecimals(in: values[index], "row \(row), column '\(field.name)'")
        }
      }
      do {
        return try ArrowColumn(rows.map { $0[index] }, type: stored.type)
      } catch var error as ArrowError {
        error.context = "column '\(field.name)'"
        throw error
      }
    }
    return try RecordBatch(schema: arrow, columns: columns, rowCount: rows.count)
  }
}
