import FoundationEssentials
import Glibc

/// The folder of this user for files that processes on one machine share: node servers, compiled
/// engines.
package enum UserFolder {
  /// Where it lies. The path is short because sockets in it have names of at most 107 bytes.
  package static var path: String {
    let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    return "\(base)/needletail-\(getuid())"
  }

  /// Makes the folder, which must be this user's alone: whoever can write there runs our commands.
  ///
  /// - Throws: ``NeedletailError`` if it is somebody else's or cannot be made.
  package static func make(_ path: String = path) throws {
    var status = stat()
    var isThere = false
    while !isThere {
      let wasThere = mkdir(path, 0o700) == 0 || errno == EEXIST
      isThere = lstat(path, &status) == 0
      // Somebody may have removed it in between.
      if !isThere, !(wasThere && errno == ENOENT) { break }
    }
    guard isThere else {
      throw NeedletailError(
        .userFolder,
        "\(path) cannot be made: \(String(cString: strerror(errno))); name another folder for temporary "
          + "files in TMPDIR")
    }
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
      status.st_mode & 0o077 == 0
    else {
      throw NeedletailError(
        .userFolder,
        "\(path) must be a folder of this user that others cannot enter; remove it, or name another "
          + "folder for temporary files in TMPDIR")
    }
  }

  /// The path of the folder `name` in it, which is made if need be.
  ///
  /// - Throws: ``NeedletailError`` as ``make(_:)``.
  package static func makeFolder(_ name: String) throws -> String {
    try make()
    let folder = "\(path)/\(name)"
    try make(folder)
    return folder
  }
}
