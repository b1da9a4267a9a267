import Glibc
import NativeLibraries

/// A directory that only this user can read, gone with its files when nobody refers to it any more.
final class TemporaryDirectory: Sendable {
  let path: String

  /// - Throws: ``ArchiveError`` if there is no place for one.
  init() throws(ArchiveError) {
    guard let path = FileSystem.makeTemporaryDirectory("needletail-torch") else {
      let reason = String(cString: strerror(errno))
      throw ArchiveError(
        "no temporary directory can be made in \(FileSystem.temporaryDirectory): \(reason). "
          + "Set TMPDIR to a directory with room where files may be executed")
    }
    self.path = path
  }

  /// Creates a file of this directory and gives the means to append to it to `body`.
  func write(
    _ name: String, _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> String {
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    func failure() -> ArchiveError {
      ArchiveError("\(file) cannot be written: \(String(cString: strerror(errno)))")
    }
    if descriptor < 0 { throw failure() }
    defer { close(descriptor) }
    try body { buffer in
      if !FileSystem.write(buffer, to: descriptor) { throw failure() }
    }
    return file
  }

  deinit {
    for name in FileSystem.entries(of: path) where name != "." && name != ".." {
      unlink("\(path)/\(name)")
    }
    rmdir(path)
  }
}
