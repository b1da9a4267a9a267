import ArrowIPC
import SparkTypes

/// Writes CSV as Spark does.
final class CSVPartWriter: PartWriter {
  private let output: FileBytesWriter
  private let options: CSVWriting
  private let zone: ZoneRules

  init(
    _ store: FileStore, _ path: String, _ settings: SinkSettings
  ) throws(FileTableError) {
    options = settings.csv
    zone = settings.zone
    output = try FileBytesWriter(store, path, compression: settings.compression)
    guard options.hasHeader else { return }
    var text: [UInt8] = []
    for (index, name) in settings.schema.names.enumerated() {
      if index > 0 { text.append(options.delimiter) }
      options.append(Array(name.utf8), to: &text)
    }
    try output.write(text + [0x0A])
  }

  func write(_ batch: RecordBatch) throws(FileTableError) {
    var text: [UInt8] = []
    for row in 0..<batch.rowCount {
      let start = text.count
      for (index, column) in batch.columns.enumerated() {
        if index > 0 { text.append(options.delimiter) }
        if column.isNull(row) {
          options.appendNull(to: &text)
        } else if column.type.isString {
          column.withBytes(row) { options.append($0, to: &text) }
        } else {
          options.append(
            Array((SparkText.plain(column, row, zone: zone) ?? "").utf8), to: &text)
        }
      }
      // A line without anything would be no row to who reads it.
      if text.count == start { text += [options.quote, options.quote] }
      text.append(0x0A)
      if text.count > 1 << 20 {
        try output.write(text)
        text.removeAll(keepingCapacity: true)
      }
    }
    if !text.isEmpty { try output.write(text) }
  }

  func close() throws(FileTableError) -> Int64 { try output.close() }
  func abort() { output.abort() }
}

/// Writes lines of text.
final class TextPartWriter: PartWriter {
  private let output: FileBytesWriter

  init(
    _ store: FileStore, _ path: String, _ settings: SinkSettings
  ) throws(FileTableError) {
    output = try FileBytesWriter(store, path, compression: settings.compression)
  }

  func write(_ batch: RecordBatch) throws(FileTableError) {
    var text: [UInt8] = []
    for row in 0..<batch.rowCount {
      if !batch.columns[0].isNull(row) {
        batch.columns[0].withBytes(row) { text.append(contentsOf: $0) }
      }
      text.append(0x0A)
    }
    try output.write(text)
  }

  func close() throws(FileTableError) -> Int64 { try output.close() }
  func abort() { output.abort() }
}
