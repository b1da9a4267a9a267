import FoundationEssentials
import Glibc
import HostProcesses
import Texts

/// The files of a folder with what links in it stand for: caches of models, such as HuggingFace's, are
/// made of links.
package struct FolderFiles {
  package struct File {
    /// The path within the folder.
    package let name: String
    /// Where the file lies, links followed.
    package let path: String

    package init(name: String, path: String) {
      self.name = name
      self.path = path
    }
  }

  package private(set) var files: [File] = []

  /// The files in `folder` and in the folders in it, in the order of their names.
  ///
  /// - Throws: ``NeedletailError`` for a link that leads nowhere or back to a folder around it, and for
  ///   what is neither file nor folder.
  package init(_ folder: String) throws {
    try visit(folder, name: "", around: [])
    files.sort { $0.name < $1.name }
  }

  /// - Parameter around: the real paths of the folders in which this one lies.
  private mutating func visit(_ folder: String, name: String, around: [String]) throws {
    let manager = FileManager.default
    guard let real = realpath(folder, nil) else { throw Self.unreadable(folder) }
    defer { free(real) }
    let identity = String(cString: real)
    if around.contains(identity) {
      throw NeedletailError(
        .packaging,
        "\(folder) is a link to \(identity), a folder that it lies in: the folder has no end. Remove "
          + "the link")
    }
    let entries: [String]
    do {
      entries = try manager.contentsOfDirectory(atPath: folder)
    } catch {
      throw NeedletailError(
        .packaging, "the folder \(folder) cannot be read: \(error.reason)",
        cause: error)
    }
    for entry in entries {
      let path = "\(folder)/\(entry)"
      let inner = name.isEmpty ? entry : "\(name)/\(entry)"
      var status = stat()
      guard stat(path, &status) == 0 else { throw Self.unreadable(path) }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: try visit(path, name: inner, around: around + [identity])
      case S_IFREG: files.append(File(name: inner, path: path))
      default:
        throw NeedletailError(
          .packaging, "\(path) is neither a file nor a folder, and cannot be sent; remove it")
      }
    }
  }

  /// Why there is nothing at `path`, by the last system call's reason.
  private static func unreadable(_ path: String) -> NeedletailError {
    let reason = errno
    if reason == ELOOP {
      return NeedletailError(.packaging, "\(path) is a link that leads back to itself; remove it")
    }
    if reason == ENOENT,
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
    {
      return NeedletailError(
        .packaging,
        "\(path) is a link to \(target), which does not exist; fetch what it stands for, or remove "
          + "the link")
    }
    return NeedletailError(
      .packaging, "\(path) cannot be read: \(String(cString: strerror(reason)))")
  }
}
