import Glibc
import NativeLibraries
import Texts

/// How a program knows the cluster that its user has started on this machine, whatever address leads to it.
///
/// The cluster's server has a random text in a setting, and a file that this user alone can reach has the same.
/// Both are made by one process, which starts the workers, too: whoever finds the server's text in that file
/// is the same user on the same machine as all of the cluster's executors.
package enum ClusterMark {
  /// The setting of the server.
  package static let setting = "spark.needletail.cluster"
  /// The file in the cluster's folder.
  package static let file = "mark"

  /// The folder of this user's cluster.
  package static var folder: String { "\(UserFolder.path)/spark" }

  /// The text in the file in `folder`; `nil` if there is none, or others can read or write it.
  package static func text(in folder: String = folder) -> String? {
    for (path, kind) in [(folder, S_IFDIR), ("\(folder)/\(file)", S_IFREG)] {
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == kind, status.st_uid == getuid(),
        status.st_mode & 0o077 == 0
      else { return nil }
    }
    guard let bytes = FileSystem.contents(of: "\(folder)/\(file)", limit: 1000) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).trimmed
    return text.isEmpty ? nil : text
  }
}
