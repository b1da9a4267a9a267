import CFileTables

/// A row group of a Parquet file; another file is one as a whole.
package struct RowGroup: Sendable, Hashable {
  /// Where the first column's first page begins.
  package var offset: Int64
  /// Compressed bytes.
  package var length: Int64
  /// -1 if that is not known without reading.
  package var rows: Int64

  package init(offset: Int64, length: Int64, rows: Int64) {
    self.offset = offset
    self.length = length
    self.rows = rows
  }
}

/// What a Parquet file notes of a column in a row group.
package struct ColumnStatistics: Sendable, Hashable {
  /// The smallest and the largest value, or numbers that lie beyond them.
  package enum Bounds: Sendable, Hashable {
    /// Of integers, dates, timestamps (in the column's unit) and booleans (0 and 1).
    case integers(ClosedRange<Int64>)
    case floats(ClosedRange<Double>)
  }

  /// `nil` if it is not noted.
  package var nullCount: Int64?
  /// `nil` if they are not noted, and for columns of other types.
  package var bounds: Bounds?

  init(_ statistics: NTStatistics) {
    nullCount = statistics.null_count < 0 ? nil : statistics.null_count
    bounds =
      switch Int(statistics.bounds) {
      case Int(NT_INTEGER_BOUNDS) where statistics.minimum <= statistics.maximum:
        .integers(statistics.minimum...statistics.maximum)
      case Int(NT_FLOAT_BOUNDS) where statistics.float_minimum <= statistics.float_maximum:
        .floats(statistics.float_minimum...statistics.float_maximum)
      default: nil
      }
  }
}
