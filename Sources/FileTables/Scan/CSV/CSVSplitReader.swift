import ArrowIPC
import SparkTypes
import Synchronization

/// Reads a CSV file, or a part of one.
final class CSVSplitReader: SplitReader {
  private let file: ScanFile
  private let options: CSVOptions
  private let columns: [OutputColumn]
  private let builders: [TextColumnBuilder?]
  /// For each output column the number of its value in a line.
  private let places: [Int?]
  private let width: Int
  private let schema: ArrowSchema
  private let batchRows: Int
  private var records: CSVRecords
  private var row = CSVRow()
  private var constants = ConstantColumns()
  private var isHeaderNext: Bool
  private let isCancelled = Atomic(false)
  let firstByte: Int64?

  init(
    file: ScanFile, part: Range<Int64>?, settings: ScanSettings, columns: [OutputColumn],
    schema: ArrowSchema, batchRows: Int
  ) throws(FileTableError) {
    self.file = file
    self.columns = columns
    self.schema = schema
    self.batchRows = batchRows
    options = settings.csv
    width = settings.dataSchema.fields.count
    var builders: [TextColumnBuilder?] = []
    var places: [Int?] = []
    for column in columns {
      let place = column.constant == nil ? settings.places[ExactName(column.field.name)] : nil
      places.append(place)
      builders.append(
        place == nil
          ? nil
          : try TextColumnBuilder.make(column.field, column.type, settings.csv, settings.zone))
    }
    self.builders = builders
    self.places = places
    records = try CSVRecords(file, settings.csv, part)
    firstByte = records.firstByte
    isHeaderNext = settings.csv.hasHeader
    if isHeaderNext, try Self.hasRecord(file, settings.csv, before: part) { isHeaderNext = false }
  }

  /// Whether the header is of an earlier part. It is the file's first record, and may have many blank lines
  /// and comments before it.
  private static func hasRecord(
    _ file: ScanFile, _ options: CSVOptions, before part: Range<Int64>?
  ) throws(FileTableError) -> Bool {
    guard let part, part.lowerBound > 0 else { return false }
    var records = try CSVRecords(file, options, 0..<part.lowerBound)
    var row = CSVRow()
    return try records.next(into: &row)
  }

  func next() throws(FileTableError) -> RecordBatch? {
    var rows = 0
    while rows < batchRows, !isCancelled.load(ordering: .relaxed), try records.next(into: &row) {
      if isHeaderNext {
        isHeaderNext = false
        continue
      }
      if try append(rows) { rows += 1 }
    }
    if isCancelled.load(ordering: .relaxed) {
      throw FileTableError(.cancelled, "the reading of '\(file.location)' was cancelled")
    }
    if rows == 0 { return nil }
    var made: [ArrowColumn] = []
    for (index, column) in columns.enumerated() {
      if let builder = builders[index] {
        made.append(builder.finish())
      } else {
        made.append(
          try constants.column(index, column.constant ?? .null, column.type, count: rows))
      }
    }
    let (schema, columns) = (schema, made)
    return try ColumnConversion.wrapped {
      try RecordBatch(schema: schema, columns: columns, rowCount: rows)
    }
  }

  /// Adds the values of a line.
  ///
  /// - Returns: whether the row counts.
  private func append(_ rows: Int) throws(FileTableError) -> Bool {
    if row.count != width, try isRefused("it has \(row.count) values, the table \(width) columns") {
      return false
    }
    for (index, place) in places.enumerated() {
      guard let place, let builder = builders[index] else { continue }
      guard place < row.count else {
        builder.appendNull()
        continue
      }
      let range = row.range(place)
      let isAdded = row.text.withUnsafeBytes { bytes in
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        if text.elementsEqual(options.nullValue) {
          builder.appendNull()
          return true
        }
        return builder.append(text)
      }
      if isAdded { continue }
      let column = columns[index].field
      if try isRefused("'\(row.string(place))' in the column '\(column.name)' is no \(column.type)")
      {
        for builder in builders { builder?.cut(to: rows) }
        return false
      }
      builder.appendNull()
    }
    return true
  }

  /// What becomes of a line that is not as it should be.
  private func isRefused(_ why: String) throws(FileTableError) -> Bool {
    switch options.mode {
    case .permissive: return false
    case .dropMalformed: return true
    case .failFast:
      throw FileTableError(
        .malformed,
        "\(records.place): \(why); mend it, or read with mode PERMISSIVE (null for what is no value) or "
          + "DROPMALFORMED",
        path: file.location)
    }
  }

  func cancel() { isCancelled.store(true, ordering: .relaxed) }
}
