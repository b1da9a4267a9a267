import CFileTables
import Synchronization

/// One file system: that of this machine, S3, Google Cloud Storage, Azure, HDFS.
///
/// Paths are the store's own: `/data/x.parquet`, `bucket/data/x.parquet`. Users write locations:
///
/// ```swift
/// let (store, path) = try FileStore.open("s3://bucket/data")
/// for entry in try store.list(path, recursive: true) { print(store.location(entry.path)) }
/// ```
package final class FileStore: Sendable {
  let library: FileLibrary
  nonisolated(unsafe) let handle: OpaquePointer
  /// Whether files are on this machine's own file system.
  package let isLocal: Bool
  /// A location is `root`, what a path has behind `rootPath`, and `options`.
  private let root: String
  private let rootPath: String
  private let options: String
  private let opened = Atomic(0)

  /// The store of a location, and the path in it: `/x`, `x`, `file:///x`, `s3://bucket/key` (with Apache
  /// Arrow's options of the store behind `?`), `gs:`, `abfs:`, `hdfs:`.
  ///
  /// Nothing is looked up yet, so that the path may name nothing.
  package static func open(
    _ location: String
  ) throws(FileTableError) -> (store: FileStore, path: String) {
    let library = try FileLibrary.shared()
    var handle: OpaquePointer?
    var path: UnsafeMutablePointer<CChar>?
    var root: UnsafeMutablePointer<CChar>?
    var rootPath: UnsafeMutablePointer<CChar>?
    var options: UnsafeMutablePointer<CChar>?
    try library.call(location) { text in
      library.api.store_open(location, &handle, &path, &root, &rootPath, &options, text)
    }
    let parts = [path, root, rootPath, options].map { text in
      defer { library.api.free_text(text) }
      return text.map { String(cString: $0) } ?? ""
    }
    guard let handle else { throw FileTableError(.io, "the store did not open", path: location) }
    let store = FileStore(
      library, handle, root: parts[1], rootPath: parts[2], options: parts[3])
    return (store, parts[0])
  }

  private init(
    _ library: FileLibrary, _ handle: OpaquePointer, root: String, rootPath: String,
    options: String
  ) {
    self.library = library
    self.handle = handle
    self.root = root
    self.rootPath = rootPath
    self.options = options
    isLocal = library.api.store_is_local(handle)
  }

  deinit { library.api.store_free(handle) }

  /// What users write for `path`.
  package func location(_ path: String) -> String {
    isLocal ? path : root + path.dropFirst(rootPath.count) + options
  }

  /// How many tables have been opened in it; the footer of each was read.
  var openedTables: Int { opened.load(ordering: .relaxed) }

  func noteOpenedTable() { opened.wrappingAdd(1, ordering: .relaxed) }

  // MARK: What there is

  /// The file or folder at `path`; `nil` if there is nothing.
  package func info(_ path: String) throws(FileTableError) -> FileEntry? {
    var entry = NTEntry()
    do {
      try library.call(location(path)) { library.api.info(handle, path, &entry, $0) }
    } catch  where error.code == .notFound {
      return nil
    }
    return FileEntry(path, entry)
  }

  /// What the folder at `path` holds, sorted by path; with what its folders hold if `recursive`.
  package func list(_ path: String, recursive: Bool) throws(FileTableError) -> [FileEntry] {
    var listing = NTListing()
    try library.call(location(path)) { library.api.list(handle, path, recursive, &listing, $0) }
    defer { library.api.free_listing(&listing) }
    return UnsafeBufferPointer(start: listing.entries, count: Int(listing.count)).map {
      FileEntry(String(cString: $0.path), $0)
    }
  }

  // MARK: Changes

  /// Makes the folder at `path` and those above it, unless it is there or the store has no folders.
  package func makeFolder(_ path: String) throws(FileTableError) {
    try library.call(location(path)) { library.api.make_folder(handle, path, $0) }
  }

  /// Removes the file at `path`, or the folder with all that is in it; does nothing if there is nothing.
  package func remove(_ path: String) throws(FileTableError) {
    guard let entry = try info(path) else { return }
    try library.call(location(path)) { text in
      entry.isFolder
        ? library.api.remove_folder(handle, path, text)
        : library.api.remove_file(handle, path, text)
    }
  }

  /// Gives the file or folder at `source` the path `target`, where a file is replaced. Object stores copy.
  package func move(_ source: String, to target: String) throws(FileTableError) {
    try library.call(location(source)) { library.api.move(handle, source, target, $0) }
  }

  // MARK: Small files

  /// The bytes of the file at `path`.
  ///
  /// - Parameter limit: a longer file is an error.
  package func read(_ path: String, limit: Int = 1 << 30) throws(FileTableError) -> [UInt8] {
    let input = try FileBytes(self, path, decompressing: false)
    var contents: [UInt8] = []
    while true {
      let piece = try input.read(upTo: min(1 << 20, limit + 1 - contents.count))
      if piece.isEmpty { return contents }
      contents += piece
      guard contents.count <= limit else {
        throw FileTableError(
          .unsupported, "the file has more than the \(limit) bytes that can be taken at once",
          path: location(path))
      }
    }
  }

  /// Writes a file of `bytes`, in place of one that is there.
  package func write(_ bytes: [UInt8] = [], to path: String) throws(FileTableError) {
    let output = try FileBytesWriter(self, path, compression: nil)
    try output.write(bytes)
    _ = try output.close()
  }

  /// Writes a file without contents.
  package func createEmpty(_ path: String) throws(FileTableError) { try write(to: path) }
}
