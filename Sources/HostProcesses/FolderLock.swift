import Glibc

/// A lock on a folder of this user, which ends with the process that holds it. The folder itself is locked,
/// so that nothing stays beside it when it is removed.
package struct FolderLock: ~Copyable {
  private let descriptor: Int32

  /// Takes the lock of the folder, which is made if need be, unless somebody else has it.
  ///
  /// - Returns: `nil` if another process has it.
  /// - Throws: ``NeedletailError`` if the folder cannot be made or opened, or is not this user's alone.
  package static func of(_ folder: String) throws -> FolderLock? {
    while true {
      try UserFolder.make(folder)
      let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      // Who had the lock may have removed the folder.
      if descriptor < 0, errno == ENOENT { continue }
      guard descriptor >= 0 else {
        throw NeedletailError(
          .userFolder, "\(folder) cannot be opened: \(String(cString: strerror(errno)))")
      }
      let lock = FolderLock(descriptor: descriptor)
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        if errno == EWOULDBLOCK || errno == EINTR { return nil }
        throw NeedletailError(
          .userFolder, "\(folder) cannot be locked: \(String(cString: strerror(errno)))")
      }
      if lock.isOf(folder) { return lock }
    }
  }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Whether the folder that is locked still has the name: else the lock would be nobody's.
  private func isOf(_ folder: String) -> Bool {
    var (opened, named) = (stat(), stat())
    return fstat(descriptor, &opened) == 0 && stat(folder, &named) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  deinit { close(descriptor) }
}
