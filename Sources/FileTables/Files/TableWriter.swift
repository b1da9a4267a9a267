package import ArrowIPC
import CArrow
import CFileTables
import Synchronization

/// How a table is written to a file.
package struct TableWriting: Sendable, Hashable {
  /// Parquet: `snappy`, `zstd`, `gzip`, `lz4_raw`, `brotli`; Arrow: `zstd`, `lz4`; `nil` or `none` for
  /// none.
  package var compression: String?
  /// `nil` for the compression's own.
  package var compressionLevel: Int?
  /// A row group of Parquet ends when it has so many rows, or bytes in memory; 0: 1,048,576 rows and
  /// 128 MiB.
  package var rowGroupRows: Int
  package var rowGroupBytes: Int
  /// Writes Arrow's stream format instead of its file format.
  package var isStream: Bool

  package init(
    compression: String? = nil, compressionLevel: Int? = nil, rowGroupRows: Int = 0,
    rowGroupBytes: Int = 0, isStream: Bool = false
  ) {
    self.compression = compression
    self.compressionLevel = compressionLevel
    self.rowGroupRows = rowGroupRows
    self.rowGroupBytes = rowGroupBytes
    self.isStream = isStream
  }
}

/// A Parquet or Arrow file that is being written. It is removed when this goes before ``close()``.
///
/// Parquet files are such as Spark reads: timestamps in microseconds, lists of elements called
/// `element`. The schema's metadata becomes the file's key and value pairs.
package final class TableWriter: Sendable {
  /// The columns that are written.
  package let schema: ArrowSchema
  private let location: String
  private let library: FileLibrary
  private let writer: Mutex<Handle>

  /// Opens the file at `path`, in place of one that is there.
  package init(
    _ store: FileStore, _ path: String, _ format: FileFormat, schema: ArrowSchema,
    options: TableWriting = TableWriting()
  ) throws(FileTableError) {
    let library = store.library
    let location = store.location(path)
    let code = try format.tableCode(location)
    var handle: OpaquePointer?
    var exported = ArrowCSchema()
    schema.export(to: &exported)
    try library.call(location) { text in
      let open = { (compression: UnsafePointer<CChar>?) -> Int32 in
        var writing = NTWriting()
        writing.format = code
        writing.compression = compression
        writing.compression_level = options.compressionLevel.map { Int32(clamping: $0) } ?? -1
        writing.row_group_rows = Int64(options.rowGroupRows)
        writing.row_group_bytes = Int64(options.rowGroupBytes)
        writing.is_stream = options.isStream
        return library.api.writer_open(store.handle, path, &writing, &exported, &handle, text)
      }
      return options.compression.map { $0.withCString { open($0) } } ?? open(nil)
    }
    self.schema = schema
    self.location = location
    self.library = library
    writer = Mutex(Handle(handle))
  }

  deinit { abort() }

  /// Writes the rows of a batch, whose columns are of the schema's types.
  package func write(_ batch: RecordBatch) throws(FileTableError) {
    try Self.check(batch, against: schema, location)
    try writer.withLock { writer throws(FileTableError) in
      let pointer = try open(writer)
      var array = ArrowCArray()
      batch.export(to: &array)
      try library.call(location) { library.api.writer_write(pointer, &array, $0) }
    }
  }

  /// Ends the file.
  ///
  /// - Returns: its length.
  package func close() throws(FileTableError) -> Int64 {
    try writer.withLock { writer throws(FileTableError) in
      let pointer = try open(writer)
      var bytes: Int64 = 0
      // A file that can't be ended is removed as one that is given up.
      defer { end(&writer) }
      try library.call(location) { library.api.writer_close(pointer, &bytes, $0) }
      return bytes
    }
  }

  /// Gives the file up and removes it, unless it was closed.
  package func abort() { writer.withLock { end(&$0) } }

  private func end(_ writer: inout Handle) {
    guard let pointer = writer.pointer else { return }
    writer.pointer = nil
    library.api.writer_free(pointer)
  }

  private func open(_ writer: Handle) throws(FileTableError) -> OpaquePointer {
    guard let pointer = writer.pointer else {
      throw FileTableError(.io, "the file is closed and can't be written to", path: location)
    }
    return pointer
  }

  /// The plug-in takes the memory of a batch for what the schema says.
  private static func check(
    _ batch: RecordBatch, against schema: ArrowSchema, _ location: String
  ) throws(FileTableError) {
    guard batch.columns.count == schema.fields.count else {
      throw FileTableError(
        .schema,
        "a batch has \(batch.columns.count) columns, the file \(schema.fields.count)",
        path: location)
    }
    for (column, field) in zip(batch.columns, schema.fields)
    where !column.type.hasLayout(of: field.type) {
      throw FileTableError(
        .schema, "a batch's column '\(field.name)' is \(column.type), the file's \(field.type)",
        path: location)
    }
  }
}

extension ArrowType {
  /// Whether values are the same in memory and mean the same, whatever nested fields are called.
  func hasLayout(of other: ArrowType) -> Bool {
    switch (self, other) {
    case (.list(let a), .list(let b)), (.largeList(let a), .largeList(let b)):
      a.type.hasLayout(of: b.type)
    case (.fixedSizeList(let a, let count), .fixedSizeList(let b, let otherCount)):
      count == otherCount && a.type.hasLayout(of: b.type)
    case (.structure(let a), .structure(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.type.hasLayout(of: $1.type) }
    case (.map(let a, _), .map(let b, _)): a.type.hasLayout(of: b.type)
    case (.dictionary(_, let index, let value, _), .dictionary(_, let otherIndex, let b, _)):
      index == otherIndex && value.hasLayout(of: b)
    default: self == other
    }
  }
}
