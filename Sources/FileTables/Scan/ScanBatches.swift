public import ArrowIPC
import SparkTypes

/// The batches of a split, one after the other. For one thread at a time; ``cancel()`` may come from
/// any other.
public final class ScanBatches {
  /// The schema of all batches.
  public let schema: ArrowSchema
  private let reader: any SplitReader
  private let file: ScanFile
  private let split: FileSplit
  private var remaining: Int
  /// The byte of the file from which on the rows are counted where ``firstRow`` is not known: where the
  /// split's first line begins, or the split.
  public let firstByte: Int64

  init(
    _ reader: any SplitReader, of split: FileSplit, file: ScanFile, schema: ArrowSchema,
    limit: Int?
  ) {
    self.reader = reader
    self.split = split
    self.file = file
    self.schema = schema
    firstByte = reader.firstByte ?? split.start
    remaining = limit ?? .max
  }

  /// The next batch; `nil` at the end.
  ///
  /// - Throws: ``FileTableError`` if the file is damaged, does not fit the table's columns, or changed
  ///   since the scan was planned, which may show only at its end, or the reading was cancelled.
  public func next() throws(FileTableError) -> RecordBatch? {
    while remaining > 0 {
      guard let batch = try read() else {
        // Rows that somebody wrote or cut off while these were read are told by nothing else.
        try FileScan.check(file, split)
        remaining = 0
        return nil
      }
      if batch.rowCount == 0 { continue }
      if batch.rowCount > remaining {
        let rows = remaining
        remaining = 0
        reader.cancel()
        return batch.slice(0..<rows)
      }
      remaining -= batch.rowCount
      return batch
    }
    return nil
  }

  private func read() throws(FileTableError) -> RecordBatch? {
    do throws(FileTableError) {
      return try reader.next()
    } catch {
      // What looks damaged may have been changed while it was read.
      throw FileScan.cause(error, file, split)
    }
  }

  /// The number of the split's first row within the file, from 0 on; `nil` if it is not known.
  public var firstRow: Int? { reader.firstRow }

  /// Stops the reading as soon as it can; the next call of ``next()`` may throw.
  public func cancel() { reader.cancel() }
}

/// Reads the rows of a split in the columns that were asked for.
protocol SplitReader: AnyObject {
  /// `nil` at the end; batches may be empty.
  func next() throws(FileTableError) -> RecordBatch?
  func cancel()
  /// The number of the first row within the file.
  var firstRow: Int? { get }
  /// Where the first line begins in the file, if that has lines.
  var firstByte: Int64? { get }
}

extension SplitReader {
  /// How many rows are before a line only who reads these knows.
  var firstRow: Int? { (firstByte ?? 0) == 0 ? 0 : nil }
  var firstByte: Int64? { nil }
}

/// A column that a reader gives.
struct OutputColumn {
  let field: StructField
  let type: ArrowType
  /// The value of all rows of the file, if the names of its folders tell it.
  let constant: ArrowValue?

  init(_ column: ScanColumn, _ field: ArrowField, of file: ScanFile) {
    self.field = column.field
    type = field.type
    constant = column.partition.map { $0 < file.partition.count ? file.partition[$0] : .null }
  }
}

/// Columns of one value, made once for many batches.
struct ConstantColumns {
  private var made: [Int: ArrowColumn] = [:]

  /// `count` rows of `value`, for the column with number `index`.
  mutating func column(
    _ index: Int, _ value: ArrowValue, _ type: ArrowType, count: Int
  ) throws(FileTableError) -> ArrowColumn {
    if let known = made[index], known.count >= count { return known.slice(0..<count) }
    let column = try ColumnConversion.constant(value, count, type)
    made[index] = column
    return column
  }
}
