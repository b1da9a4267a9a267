import CFileTables

/// A file or folder of a store.
package struct FileEntry: Sendable, Hashable {
  /// The path in the store.
  package var path: String
  package var isFolder: Bool
  /// The bytes of a file; 0 for a folder, -1 if the store does not tell.
  package var length: Int64
  /// Nanoseconds since 1970; -1 if the store does not tell.
  package var modified: Int64

  package init(path: String, isFolder: Bool, length: Int64, modified: Int64) {
    self.path = path
    self.isFolder = isFolder
    self.length = length
    self.modified = modified
  }

  init(_ path: String, _ entry: NTEntry) {
    self.init(
      path: path, isFolder: entry.is_folder, length: entry.length, modified: entry.modified)
  }

  /// The last part of the path.
  package var name: String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
