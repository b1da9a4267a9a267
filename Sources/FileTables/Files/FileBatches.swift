package import ArrowIPC
import CArrow
import CFileTables
import Synchronization

/// Batches of a file, decoded as they are asked for.
package final class FileBatches: Sendable {
  /// The columns that are read.
  package let schema: ArrowSchema
  private let file: TableFile
  private let scan: Mutex<Handle>
  private nonisolated(unsafe) let stop: OpaquePointer?

  init(
    _ file: TableFile, rowGroups: [Int]?, columns: [[String]]?, batchRows: Int, prefetch: Bool
  ) throws(FileTableError) {
    let library = file.library
    let stop = library.api.stop_new()
    var scan: OpaquePointer?
    do throws(FileTableError) {
      let groups = rowGroups.map { $0.map { Int32(clamping: $0) } }
      let paths = columns.map { FieldPaths($0) }
      var scanning = NTScanning()
      scanning.batch_rows = Int64(batchRows)
      scanning.prefetch = prefetch
      scanning.stop = stop
      try library.call(file.location, otherwise: .schema) { text in
        FileBatches.withOptional(groups) { groups in
          FileBatches.withOptional(paths?.paths) { paths in
            // An array without elements has no address, but is not the same as none.
            scanning.row_groups = groups?.baseAddress
            scanning.row_group_count = Int64(groups?.count ?? 0)
            scanning.columns = paths?.baseAddress
            scanning.column_count = Int64(paths?.count ?? 0)
            return library.api.scan_open(file.handle, &scanning, &scan, text)
          }
        }
      }
      withExtendedLifetime(paths) {}
      var schema = ArrowCSchema()
      try library.call(file.location) { library.api.scan_schema(scan, &schema, $0) }
      self.schema = try TableFile.imported(file.location) { () throws(ArrowError) in
        try ArrowSchema(consuming: &schema)
      }
    } catch {
      if let scan { library.api.scan_free(scan) }
      library.api.stop_free(stop)
      throw error
    }
    self.file = file
    self.scan = Mutex(Handle(scan))
    self.stop = stop
  }

  deinit {
    scan.withLock { if let pointer = $0.pointer { file.library.api.scan_free(pointer) } }
    file.library.api.stop_free(stop)
  }

  /// The next batch; `nil` at the end.
  ///
  /// - Throws: ``FileTableError``, among others if the file is damaged, or with code
  ///   ``FileTableError/Code/cancelled`` after ``cancel()``. There is nothing behind an error.
  package func next() throws(FileTableError) -> RecordBatch? {
    try scan.withLock { scan throws(FileTableError) in
      guard let pointer = scan.pointer else { return nil }
      var batch = ArrowCArray()
      do throws(FileTableError) {
        try file.library.call(file.location, otherwise: .malformed) {
          file.library.api.scan_next(pointer, &batch, $0)
        }
        if batch.release != nil {
          return try TableFile.imported(file.location) { () throws(ArrowError) in
            try RecordBatch(consuming: &batch, schema: schema)
          }
        }
      } catch {
        end(&scan)
        throw error
      }
      end(&scan)
      return nil
    }
  }

  /// Makes what is being read, and every later call, fail soon. Any thread may call it.
  package func cancel() { if let stop { file.library.api.stop_set(stop) } }

  private func end(_ scan: inout Handle) {
    if let pointer = scan.pointer { file.library.api.scan_free(pointer) }
    scan.pointer = nil
  }

  private static func withOptional<Element>(
    _ elements: [Element]?, _ body: (UnsafeBufferPointer<Element>?) -> Int32
  ) -> Int32 {
    guard let elements else { return body(nil) }
    return elements.withUnsafeBufferPointer { body($0) }
  }
}
