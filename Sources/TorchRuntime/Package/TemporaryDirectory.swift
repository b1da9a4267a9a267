import Glibc

/// A directory that only this user can read, gone with its files when nobody refers to it any more.
final class TemporaryDirectory: Sendable {
  let path: String

  /// - Throws: ``ArchiveError`` if there is no place for one.
  init() throws(ArchiveError) {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? ""
    var template = Array("\(parent.isEmpty ? "/tmp" : parent)/needletail-torch-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      let reason = String(cString: strerror(errno))
      throw ArchiveError(
        "no temporary directory can be made in \(parent.isEmpty ? "/tmp" : parent): \(reason). "
          + "Set TMPDIR to a directory with room where files may be executed")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
      var done = 0
      while done < buffer.count {
        guard let base = buffer.baseAddress else { return }
        let count = Glibc.write(descriptor, base + done, buffer.count - done)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { throw failure() }
        done += count
      }
    }
    return file
  }

  deinit {
    guard let stream = opendir(path) else { return }
    var names: [String] = []
    while let entry = readdir(stream) {
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
      let name = UnsafeRawPointer(entry).advanced(by: offset)
      names.append(String(cString: name.assumingMemoryBound(to: CChar.self)))
    }
    closedir(stream)
    for name in names where name != "." && name != ".." { unlink("\(path)/\(name)") }
    rmdir(path)
  }
}
