import ArrowIPC
import SparkTypes
import Synchronization

/// Reads a text file: each line is a row of the column `value`.
final class TextSplitReader: SplitReader {
  private let file: ScanFile
  private let columns: [OutputColumn]
  private let schema: ArrowSchema
  private let batchRows: Int
  private let isWhole: Bool
  private var lines: LineReader
  private var constants = ConstantColumns()
  private let isCancelled = Atomic(false)
  let firstByte: Int64?

  init(
    file: ScanFile, part: Range<Int64>?, settings: ScanSettings, columns: [OutputColumn],
    schema: ArrowSchema, batchRows: Int
  ) throws(FileTableError) {
    try MalformedMode.checkText(settings.options, of: "text")
    self.file = file
    self.columns = columns
    self.schema = schema
    self.batchRows = batchRows
    isWhole = try settings.options.boolean("wholetext", default: false)
    lines = try LineReader(file, part)
    firstByte = lines.firstByte
  }

  func next() throws(FileTableError) -> RecordBatch? {
    var values: [String?] = []
    if isWhole {
      if lines.line > 0 { return nil }
      values = [String(decoding: try LineReader.contents(of: file), as: UTF8.self)]
      while try lines.next({ (_) throws(FileTableError) in }) != nil {}
    } else {
      while values.count < batchRows, !isCancelled.load(ordering: .relaxed),
        let line = try lines.next({ (bytes) throws(FileTableError) in
          String(decoding: bytes, as: UTF8.self)
        })
      {
        values.append(line)
      }
    }
    if values.isEmpty { return nil }
    var made: [ArrowColumn] = []
    for (index, column) in columns.enumerated() {
      if column.constant == nil, column.field.name.lowercased() == "value" {
        made.append(ArrowColumn.strings(values).retyped(column.type))
      } else {
        made.append(
          try constants.column(index, column.constant ?? .null, column.type, count: values.count))
      }
    }
    let (schema, columns, rows) = (schema, made, values.count)
    return try ColumnConversion.wrapped {
      try RecordBatch(schema: schema, columns: columns, rowCount: rows)
    }
  }

  func cancel() { isCancelled.store(true, ordering: .relaxed) }
}
