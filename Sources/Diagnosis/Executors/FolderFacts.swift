import Glibc

/// Whether a process can write into a folder, and start programs from there.
struct FolderFacts: Codable, Sendable, Hashable {
  var path: String
  /// Why nothing can be written there; `nil` if it can.
  var problem: String?
  /// Whether programs there can be started: a file system may be mounted with `noexec`.
  var isExecutable: Bool
  /// The bytes that are free.
  var free: Int64?

  /// Tries it with a small file.
  static func of(_ path: String) -> FolderFacts {
    var facts = FolderFacts(path: path, problem: nil, isExecutable: false, free: freeBytes(path))
    let file = "\(path)/needletail-doctor-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o700)
    guard descriptor >= 0 else {
      facts.problem = String(cString: strerror(errno))
      return facts
    }
    defer { unlink(file) }
    let script = Array("#!/bin/sh\n".utf8)
    let written = write(descriptor, script, script.count)
    if written != script.count { facts.problem = String(cString: strerror(errno)) }
    close(descriptor)
    // The kernel refuses this on file systems with noexec, whoever asks.
    facts.isExecutable = access(file, X_OK) == 0
    return facts
  }

  private static func freeBytes(_ path: String) -> Int64? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int64(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
  }
}
