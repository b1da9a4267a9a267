import FoundationEssentials
import Glibc

/// Removes what nobody uses any more.
enum FolderAge {
  /// Removes the files in `folder` that were last written, or used, more than `age` seconds ago.
  static func removeFiles(in folder: String, olderThan age: TimeInterval) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names {
      let path = "\(folder)/\(name)"
      if let found = Self.age(of: path), found > age { unlink(path) }
    }
  }

  /// How many seconds ago the file at `path` was last written, or used; `nil` if it is no file.
  static func age(of path: String) -> TimeInterval? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Date().timeIntervalSince1970 - Double(status.st_mtim.tv_sec)
  }
}
