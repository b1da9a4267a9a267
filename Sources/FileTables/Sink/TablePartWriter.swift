import ArrowIPC
import SparkTypes

/// Writes Parquet or Arrow files, with Spark's schema in the footer of the former.
final class TablePartWriter: PartWriter {
  private let writer: TableWriter
  private let schema: ArrowSchema

  init(
    _ store: FileStore, _ path: String, _ settings: SinkSettings
  ) throws(FileTableError) {
    let zone = settings.format == .parquet ? "UTC" : settings.zone.name
    let columns = try ColumnConversion.wrapped { try settings.schema.arrowSchema(timeZone: zone) }
    schema =
      settings.format == .parquet
      ? ArrowSchema(
        columns.fields, metadata: [SparkTypeJSON.key: SparkTypeJSON.text(settings.schema)])
      : columns
    writer = try TableWriter(
      store, path, settings.format, schema: schema,
      options: TableWriting(
        compression: settings.compression, rowGroupRows: settings.rowGroupRows))
  }

  func write(_ batch: RecordBatch) throws(FileTableError) {
    // Instants are the same whatever zone they are shown in.
    var columns: [ArrowColumn] = []
    for (field, column) in zip(schema.fields, batch.columns) {
      columns.append(try ColumnConversion.converted(column, to: field.type))
    }
    let (schema, made, rows) = (schema, columns, batch.rowCount)
    try writer.write(
      ColumnConversion.wrapped {
        try RecordBatch(schema: schema, columns: made, rowCount: rows)
      })
  }

  func close() throws(FileTableError) -> Int64 { try writer.close() }
  func abort() { writer.abort() }
}
