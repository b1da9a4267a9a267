import CFileTables
import Synchronization

/// The bytes of a file, read one after the other.
package final class FileBytes: Sendable {
  private let store: FileStore
  private let location: String
  private let input: Mutex<Handle>

  /// - Parameters:
  ///   - decompressing: undoes the compression that the name's end tells of: `.gz`, `.zst`, `.bz2`, `.br`,
  ///     `.deflate` (zlib's format), `.lz4` (the frame format).
  ///   - offset: the first byte that is read, 0 for compressed files.
  package init(
    _ store: FileStore, _ path: String, decompressing: Bool, from offset: Int64 = 0
  ) throws(FileTableError) {
    self.store = store
    let location = store.location(path)
    self.location = location
    var handle: OpaquePointer?
    try store.library.call(location) {
      store.library.api.input_open(store.handle, path, decompressing, offset, &handle, $0)
    }
    input = Mutex(Handle(handle))
  }

  deinit { input.withLock { store.library.api.input_free($0.pointer) } }

  /// The next bytes; fewer than `count` only at the end of the file, and none behind it.
  package func read(upTo count: Int) throws(FileTableError) -> [UInt8] {
    try input.withLock { input throws(FileTableError) in
      var status = Int32(NT_OK)
      var text: UnsafeMutablePointer<CChar>?
      let pointer = input.pointer
      let bytes = [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, filled in
        var got: Int64 = 0
        status = store.library.api.input_read(
          pointer, buffer.baseAddress, Int64(buffer.count), &got, &text)
        filled = Int(got)
      }
      try store.library.call(location) { result in
        result.pointee = text
        return status
      }
      return bytes
    }
  }
}
