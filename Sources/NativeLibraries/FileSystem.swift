import Glibc

/// The few questions to the file system that modules without Foundation ask.
package enum FileSystem {
  package static var currentDirectory: String {
    guard let path = getcwd(nil, 0) else { return "." }
    defer { free(path) }
    return String(cString: path)
  }

  package static func isDirectory(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

  package static func isFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }

  /// The names in `directory`, `.` and `..` among them; none if it cannot be read.
  package static func entries(of directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
      let name = UnsafeRawPointer(entry).advanced(by: offset)
      names.append(String(cString: name.assumingMemoryBound(to: CChar.self)))
    }
    return names
  }

  /// The first bytes of a file, at most `limit`; `nil` if it cannot be opened. Files of `/proc` have no
  /// size and are given out a page at a time.
  package static func contents(of path: String, limit: Int) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return contents(of: descriptor, limit: limit)
  }

  /// The last bytes of a file, at most `limit`; `nil` if it cannot be opened.
  package static func contents(of path: String, last limit: Int) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    if lseek(descriptor, off_t(-limit), SEEK_END) < 0 { lseek(descriptor, 0, SEEK_SET) }
    return contents(of: descriptor, limit: limit)
  }

  /// What an open file still gives, at most `limit` bytes.
  package static func contents(of descriptor: Int32, limit: Int = .max) -> [UInt8] {
    var contents: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: min(limit, 1 << 16))
    while contents.count < limit {
      let count = read(descriptor, &piece, min(piece.count, limit - contents.count))
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      contents += piece[..<count]
    }
    return contents
  }

  /// Writes all of `bytes` to an open file.
  ///
  /// - Returns: `false` if that fails, for the reason in `errno`.
  package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let count = Glibc.write(descriptor, part.baseAddress, part.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Writes a text to an open file, such as the standard error, and does not care whether that works.
  package static func write(_ text: String, to descriptor: Int32) {
    _ = Array(text.utf8).withUnsafeBytes { write($0, to: descriptor) }
  }

  /// What the link at `path` names; `nil` if it is none.
  package static func target(ofLink path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let length = readlink(path, base, buffer.count)
      guard length > 0 else { return nil }
      return String(decoding: UnsafeRawBufferPointer(start: base, count: length), as: UTF8.self)
    }
  }

  /// The file that `path` stands for when all links are followed; `nil` if there is none.
  package static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// The size in bytes and the time of the last change, in seconds since 1970, of what `path` names itself,
  /// without following a link; `nil` if there is nothing.
  package static func sizeAndTime(of path: String) -> (byteCount: Int64, seconds: Double)? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    let time = status.st_mtim
    return (Int64(status.st_size), Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
  }

  /// Where temporary files lie: in `TMPDIR`, or in `/tmp`.
  package static var temporaryDirectory: String {
    let path = getenv("TMPDIR").map { String(cString: $0) } ?? ""
    return path.isEmpty ? "/tmp" : path
  }

  /// Makes a directory that only this user can read, whose name begins with `name`, among the temporary
  /// files; `nil` if that fails, and `errno` says why.
  package static func makeTemporaryDirectory(_ name: String) -> String? {
    var template = Array("\(temporaryDirectory)/\(name)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return nil }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func kind(of path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }
}
