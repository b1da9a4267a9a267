import CFileTables
import Synchronization

/// A file that is being written, as bytes. It is removed when this goes before ``close()``.
package final class FileBytesWriter: Sendable {
  private let store: FileStore
  private let location: String
  private let output: Mutex<Handle>

  /// Opens the file at `path`, in place of one that is there.
  ///
  /// - Parameter compression: `gzip`, `zstd`, `bzip2`, `brotli`, `deflate`; `nil` for none.
  package init(
    _ store: FileStore, _ path: String, compression: String?
  ) throws(FileTableError) {
    self.store = store
    let location = store.location(path)
    self.location = location
    var handle: OpaquePointer?
    try store.library.call(location) {
      store.library.api.output_open(store.handle, path, compression, &handle, $0)
    }
    output = Mutex(Handle(handle))
  }

  deinit { abort() }

  package func write(_ bytes: [UInt8]) throws(FileTableError) {
    try output.withLock { output throws(FileTableError) in
      let pointer = try open(output)
      try store.library.call(location) {
        store.library.api.output_write(pointer, bytes, Int64(bytes.count), $0)
      }
    }
  }

  /// Ends the file.
  ///
  /// - Returns: its length.
  package func close() throws(FileTableError) -> Int64 {
    try output.withLock { output throws(FileTableError) in
      let pointer = try open(output)
      var bytes: Int64 = 0
      // A file that can't be ended is removed as one that is given up.
      defer { end(&output) }
      try store.library.call(location) {
        store.library.api.output_close(pointer, &bytes, $0)
      }
      return bytes
    }
  }

  /// Gives the file up and removes it, unless it was closed.
  package func abort() { output.withLock { end(&$0) } }

  private func end(_ output: inout Handle) {
    guard let pointer = output.pointer else { return }
    output.pointer = nil
    store.library.api.output_free(pointer)
  }

  private func open(_ output: Handle) throws(FileTableError) -> OpaquePointer {
    guard let pointer = output.pointer else {
      throw FileTableError(.io, "the file is closed and can't be written to", path: location)
    }
    return pointer
  }
}
