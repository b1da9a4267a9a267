import Glibc
import NativeLibraries

/// How many rows the workers on this machine have computed, for a driver that started their Spark here: a
/// folder in which each process has a file with its number. Spark itself tells tasks and bytes only.
package struct RowCounts: Sendable {
  /// The variable of the workers' environment that names the folder.
  package static let variable = "NEEDLETAIL_ROW_COUNTS"

  private let folder: String

  private static let prefix = "needletail-rows-"

  /// `nil` where no folder can be made.
  ///
  /// - Parameters:
  ///   - owner: tells this process apart from others, in letters of a file's name.
  ///   - isGone: whether the process of such a name has ended. It may have been killed, and then its folder is
  ///     still there: it is removed now.
  package init?(owner: String, isGone: (String) -> Bool) {
    Self.removeThose(of: isGone)
    guard let folder = FileSystem.makeTemporaryDirectory(Self.prefix + owner) else { return nil }
    self.folder = folder
  }

  private static func removeThose(of isGone: (String) -> Bool) {
    let parent = FileSystem.temporaryDirectory
    for name in FileSystem.entries(of: parent) where name.hasPrefix(prefix) {
      // What stands last was put there to make the name new.
      guard let end = name.lastIndex(of: "-"),
        end > name.index(name.startIndex, offsetBy: prefix.count)
      else { continue }
      let owner = String(name[name.index(name.startIndex, offsetBy: prefix.count)..<end])
      var status = stat()
      let path = "\(parent)/\(name)"
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
        status.st_uid == getuid(), isGone(owner)
      else { continue }
      RowCounts(folder: path).remove()
    }
  }

  private init(folder: String) { self.folder = folder }

  /// What the environment of a Spark must have, so that its workers count.
  package var variables: [String: String] { [Self.variable: folder] }

  /// The rows that all of them have computed so far.
  package var rows: Int {
    files.reduce(0) { sum, file in
      let bytes = FileSystem.contents(of: file, limit: 8) ?? []
      guard bytes.count == 8 else { return sum }
      return sum + bytes.withUnsafeBytes { $0.loadUnaligned(as: Int.self) }
    }
  }

  package func remove() {
    for file in files { unlink(file) }
    rmdir(folder)
  }

  private var files: [String] {
    FileSystem.entries(of: folder).filter { !$0.hasPrefix(".") }.map { "\(folder)/\($0)" }
  }
}
