package import ArrowIPC
import CArrow
import CFileTables

/// A table in a Parquet or Arrow file, opened: what a Parquet file's footer tells is read once. Several
/// threads may read row groups of it.
///
/// A Parquet file of this machine is open only while its rows are read, and refused then if it was changed
/// since the footer was read; an Arrow file is open as long as this is there.
///
/// ```swift
/// let file = try TableFile(store, path, .parquet)
/// let batches = try file.batches(rowGroups: [0], columns: [["id"], ["address", "city"]], batchRows: 1024)
/// while let batch = try batches.next() { print(batch.rowCount) }
/// ```
package final class TableFile: Sendable {
  /// The columns as the file has them, and its key and value pairs. Types are Parquet's own, whatever Arrow
  /// noted beside them; INT96 is an instant in microseconds. Dictionaries and views are plain.
  package let schema: ArrowSchema
  /// The row groups of a Parquet file; one for the whole of an Arrow file.
  package let rowGroups: [RowGroup]
  /// The file's bytes.
  package let length: Int64
  /// The file as the user would write it.
  package let location: String
  /// Where the columns are in ``schema``.
  let names: FieldNames
  let library: FileLibrary
  nonisolated(unsafe) let handle: OpaquePointer

  /// - Parameters:
  ///   - format: Parquet or Arrow (the file or the stream format); the others are no tables to the
  ///     plug-in.
  ///   - length: the file's bytes if they are known, which saves object stores a question.
  package init(
    _ store: FileStore, _ path: String, _ format: FileFormat, length: Int64? = nil
  ) throws(FileTableError) {
    let location = store.location(path)
    let library = store.library
    let code = try format.tableCode(location)
    var opened: OpaquePointer?
    try library.call(location, otherwise: .malformed) {
      library.api.file_open(store.handle, path, code, length ?? -1, &opened, $0)
    }
    guard let opened else { throw FileTableError(.io, "the file did not open", path: location) }
    store.noteOpenedTable()
    do throws(FileTableError) {
      var schema = ArrowCSchema()
      try library.call(location) { library.api.file_schema(opened, &schema, $0) }
      self.schema = try TableFile.imported(location) { () throws(ArrowError) in
        try ArrowSchema(consuming: &schema)
      }
      var groups: [RowGroup] = []
      for index in 0..<library.api.row_group_count(opened) {
        var group = NTRowGroup()
        try library.call(location, otherwise: .malformed) {
          library.api.row_group(opened, index, &group, $0)
        }
        groups.append(RowGroup(offset: group.offset, length: group.length, rows: group.rows))
      }
      rowGroups = groups
    } catch {
      library.api.file_free(opened)
      throw error
    }
    names = FieldNames(schema.fields)
    self.length = library.api.file_length(opened)
    self.location = location
    self.library = library
    handle = opened
  }

  deinit { library.api.file_free(handle) }

  /// What the file notes of a column without lists and maps; nothing for other formats than Parquet.
  ///
  /// - Parameter column: the names of struct fields from the column down.
  package func statistics(
    rowGroup: Int, column: [String]
  ) throws(FileTableError) -> ColumnStatistics {
    let paths = FieldPaths([column])
    var statistics = NTStatistics()
    try library.call(location, otherwise: .schema) {
      library.api.statistics(handle, Int64(rowGroup), paths.paths, &statistics, $0)
    }
    withExtendedLifetime(paths) {}
    return ColumnStatistics(statistics)
  }

  /// The rows of row groups, in the order given, decoded batch by batch as they are asked for.
  ///
  /// - Parameters:
  ///   - rowGroups: indices in ``rowGroups``; `nil` for all.
  ///   - columns: paths of fields: the names of struct fields from the column down, through the elements of
  ///     lists; a map is read as a whole. The batches have the columns in this order, those of one column
  ///     as one. `nil` for all.
  ///   - batchRows: the most rows of a batch. Small batches stay in the processor's cache.
  ///   - prefetch: fetches a row group from an object store while the one before it is being used.
  package func batches(
    rowGroups: [Int]? = nil, columns: [[String]]? = nil, batchRows: Int, prefetch: Bool = true
  ) throws(FileTableError) -> FileBatches {
    try FileBatches(
      self, rowGroups: rowGroups, columns: columns, batchRows: batchRows, prefetch: prefetch)
  }

  /// Takes over a structure of Arrow's C data interface.
  static func imported<Value>(
    _ location: String?, _ body: () throws(ArrowError) -> Value
  ) throws(FileTableError) -> Value {
    do {
      return try body()
    } catch {
      throw FileTableError(
        error.code == .unsupported ? .unsupported : .malformed, error.description, path: location)
    }
  }
}

extension FileFormat {
  /// The plug-in's number of a format of tables.
  func tableCode(_ location: String) throws(FileTableError) -> Int32 {
    switch self {
    case .parquet: return Int32(NT_PARQUET)
    case .arrow: return Int32(NT_ARROW)
    case .csv, .json, .binary, .text:
      throw FileTableError(
        .unsupported, "files of format \(rawValue) are read and written as bytes", path: location)
    }
  }
}
