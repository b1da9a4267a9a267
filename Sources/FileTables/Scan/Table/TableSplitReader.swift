import ArrowIPC
import SparkTypes

/// Reads a split of a Parquet file, or an Arrow file.
final class TableSplitReader: SplitReader {
  private let batches: FileBatches?
  private let columns: [OutputColumn]
  /// For each output column the field's number in the batches; `nil` if the file does not have it.
  private let places: [Int?]
  private let schema: ArrowSchema
  private let file: String
  private let calendar: LegacyCalendar?
  private var constants = ConstantColumns()
  let firstRow: Int?
  /// Rows that have no column of the file.
  private var bareRows: Int64 = 0
  private let batchRows: Int

  init(
    _ split: FileSplit, file: ScanFile, opened: OpenedFiles, settings: ScanSettings,
    columns: [OutputColumn], schema: ArrowSchema, batchRows: Int
  ) throws(FileTableError) {
    self.columns = columns
    self.schema = schema
    self.file = file.location
    self.batchRows = batchRows
    let format = settings.format
    let table = try opened.table(file, format)
    calendar = format == .parquet ? LegacyCalendar(table.schema.metadata) : nil
    let groups = table.rowGroups.indices.filter {
      format == .arrow || Self.isIn(split, table.rowGroups[$0])
    }
    let before = table.rowGroups.prefix(groups.first ?? 0)
    firstRow = before.contains { $0.rows < 0 } ? nil : before.reduce(0) { $0 + Int($1.rows) }
    var paths: [[String]] = []
    var places: [Int?] = []
    var number: [Int: Int] = [:]
    for column in columns {
      guard column.constant == nil,
        let index = try FieldMatching.column(
          column.field.name, of: table, file: file.location)
      else {
        places.append(nil)
        continue
      }
      let field = table.schema.fields[index]
      if number[index] == nil {
        try TypeReading.check(
          field, as: column.field.type, path: column.field.name, file: file.location)
        paths += try FieldMatching.paths(field, for: column.field.type, file: file.location)
        number[index] = number.count
      }
      places.append(number[index])
    }
    self.places = places
    if groups.isEmpty {
      batches = nil
    } else if paths.isEmpty, format == .parquet {
      batches = nil
      bareRows = groups.reduce(0) { $0 + table.rowGroups[$1].rows }
    } else {
      // An Arrow file has no footer that counts its rows: one column is read for that.
      let counted = paths.isEmpty ? table.schema.fields.prefix(1).map { [$0.name] } : paths
      batches = try table.batches(
        rowGroups: groups, columns: counted, batchRows: batchRows,
        prefetch: settings.prefetches)
    }
  }

  /// Whether the middle of a row group's bytes lies in the split.
  private static func isIn(_ split: FileSplit, _ group: RowGroup) -> Bool {
    let middle = group.offset + group.length / 2
    return split.start <= middle && middle < split.start + split.size
  }

  func next() throws(FileTableError) -> RecordBatch? {
    if bareRows > 0 {
      let rows = min(Int(bareRows), batchRows)
      bareRows -= Int64(rows)
      return try batch(nil, rows)
    }
    guard let batch = try batches?.next() else { return nil }
    return try self.batch(batch, batch.rowCount)
  }

  private func batch(
    _ source: RecordBatch?, _ rows: Int
  ) throws(FileTableError) -> RecordBatch {
    var made: [ArrowColumn] = []
    for (index, column) in columns.enumerated() {
      guard let place = places[index], let source else {
        made.append(
          try constants.column(index, column.constant ?? .null, column.type, count: rows))
        continue
      }
      do throws(FileTableError) {
        let read = try calendar?.converted(source.columns[place]) ?? source.columns[place]
        made.append(try ColumnConversion.converted(read, to: column.type))
      } catch {
        throw FileTableError(
          error.code,
          "the column '\(column.field.name)' of '\(file)' cannot be read as \(column.field.type): "
            + error.message, path: file)
      }
    }
    let (schema, columns) = (schema, made)
    return try ColumnConversion.wrapped {
      try RecordBatch(schema: schema, columns: columns, rowCount: rows)
    }
  }

  func cancel() { batches?.cancel() }
}
