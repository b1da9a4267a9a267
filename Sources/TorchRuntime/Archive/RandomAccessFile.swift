import Glibc

/// A file open for reading at any position.
///
/// Reads beyond the end are errors, so that a file which shrinks meanwhile does no harm (a mapping
/// of it would end the process).
final class RandomAccessFile: Sendable {
  let path: String
  /// The number of bytes when the file was opened.
  let count: Int
  private let descriptor: Int32

  init(path: String) throws(ArchiveError) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      throw ArchiveError("it cannot be opened: \(String(cString: strerror(errno)))")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      close(descriptor)
      throw ArchiveError("it cannot be examined: \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ArchiveError("it is no file")
    }
    self.path = path
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes from `position` on.
  func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int) throws(ArchiveError) {
    guard position >= 0, position <= count, buffer.count <= count - position else {
      throw ArchiveError("it ends at byte \(count), before byte \(position) + \(buffer.count)")
    }
    var done = 0
    while done < buffer.count {
      guard let base = buffer.baseAddress else { return }
      let number = pread(descriptor, base + done, buffer.count - done, off_t(position + done))
      if number < 0 && errno == EINTR { continue }
      if number <= 0 {
        throw ArchiveError(
          number == 0
            ? "it became shorter while it was read"
            : "it cannot be read: \(String(cString: strerror(errno)))")
      }
      done += number
    }
  }

  /// `count` bytes from `position` on.
  func bytes(at position: Int, count: Int) throws(ArchiveError) -> [UInt8] {
    guard position >= 0, count >= 0, position <= self.count, count <= self.count - position else {
      throw ArchiveError("it ends at byte \(self.count), before byte \(position) + \(count)")
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled throws(ArchiveError) in
      try read(into: UnsafeMutableRawBufferPointer(buffer), at: position)
      filled = count
    }
  }
}
