import Foundation
import Glibc

/// Removes what nobody uses any more.
enum FolderAge {
  /// Removes the files in `folder` that were last written, or used, more than `age` seconds ago.
  static func removeFiles(in folder: String, olderThan age: TimeInterval) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names {
      let path = "\(folder)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      if Date().timeIntervalSince1970 - Double(status.st_mtim.tv_sec) > age { unlink(path) }
    }
  }
}
