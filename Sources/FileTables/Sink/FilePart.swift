public import ArrowIPC
import Synchronization

/// A file that is being written. For one thread at a time.
public final class FilePart: Sendable {
  let path: String
  private let sink: FileSink
  private let state: Mutex<State>

  private struct State {
    // Given to one caller at a time by the lock.
    nonisolated(unsafe) var writer: (any PartWriter)?
    var bytes: Int64 = 0
    var rows = 0
  }

  init(_ sink: FileSink, _ path: String) throws(FileTableError) {
    self.sink = sink
    self.path = path
    do throws(FileTableError) {
      let writer = try sink.settings.writer(sink.store, path)
      state = Mutex(State(writer: writer))
    } catch {
      throw sink.failure(error)
    }
  }

  /// - Throws: ``FileTableError`` if the batch is not of the sink's schema, or the store fails.
  public func write(_ batch: RecordBatch) throws(FileTableError) {
    let fields = sink.arrowSchema.fields
    guard batch.schema.fields.count == fields.count else {
      throw FileTableError(
        .schema,
        "a batch has \(batch.schema.fields.count) columns, the output '\(path)' has \(fields.count)",
        path: path)
    }
    var columns: [ArrowColumn] = []
    for (field, column) in zip(fields, batch.columns) {
      columns.append(try ColumnConversion.converted(column, to: field.type))
    }
    let (schema, converted) = (sink.arrowSchema, columns)
    let fitting = try ColumnConversion.wrapped {
      try RecordBatch(schema: schema, columns: converted, rowCount: batch.rowCount)
    }
    do {
      try state.withLock { state in
        try state.writer?.write(fitting)
        state.rows += batch.rowCount
      }
    } catch let error as FileTableError {
      throw sink.failure(error)
    } catch {
      throw FileTableError(.io, "\(error)", path: path)
    }
  }

  /// Ends the file; the sink's ``FileSink/commit()`` gives it its name.
  ///
  /// - Throws: ``FileTableError`` if the rest cannot be written.
  public func close() throws(FileTableError) {
    do {
      try state.withLock { state in
        guard let writer = state.writer else { return }
        state.writer = nil
        state.bytes = try writer.close()
      }
    } catch let error as FileTableError {
      throw sink.failure(error)
    } catch {
      throw FileTableError(.io, "\(error)", path: path)
    }
  }

  /// Gives the part up and removes it, unless it was closed.
  package func abort() {
    state.withLock { state in
      state.writer?.abort()
      state.writer = nil
    }
  }

  var bytes: Int64 { state.withLock { $0.bytes } }
  var rows: Int { state.withLock { $0.rows } }
}

/// What writes the rows of a part in a format.
protocol PartWriter: AnyObject {
  func write(_ batch: RecordBatch) throws(FileTableError)
  /// - Returns: the file's length.
  func close() throws(FileTableError) -> Int64
  func abort()
}
