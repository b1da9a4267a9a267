import Glibc
import Web

/// A file of the cache that is not complete yet, and goes on where an earlier attempt ended.
///
/// Its checksum grows with it. Two writers at once, on a file system that knows no locks, would spoil each
/// other's work, and the checksum tells.
final class PartialFile: WebSink {
  let path: String
  let file: HubFile
  private let descriptor: Int32
  private let tell: (Int) -> Void
  /// The bytes that are there.
  private(set) var count = 0
  private var checksum: Checksum

  /// Why a file cannot be written, by the system's last error.
  struct WriteFailure: Error, CustomStringConvertible {
    let path: String
    let code: Int32

    var description: String { "\(path): \(String(cString: strerror(code)))" }
  }

  /// What a server sent is not the part that was asked for, or not of the file at all.
  struct WrongPart: Error, CustomStringConvertible {
    let description: String
  }

  /// Opens the file, or makes it.
  ///
  /// - Parameter tell: is told how many bytes there are, when there are more.
  /// - Throws: ``WriteFailure``.
  init(_ path: String, of file: HubFile, tell: @escaping (Int) -> Void) throws(WriteFailure) {
    self.path = path
    self.file = file
    self.tell = tell
    checksum = Checksum(of: file)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw WriteFailure(path: path, code: errno) }
    try readWhatIsThere()
  }

  deinit { close(descriptor) }

  var isComplete: Bool { count == file.size }

  /// Whether the contents are what the hub says.
  var isRight: Bool { checksum.hexadecimal == file.checksum }

  /// The checksum that the contents have.
  var actualChecksum: String { checksum.hexadecimal }

  private func readWhatIsThere() throws(WriteFailure) {
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { piece.deallocate() }
    while true {
      let size = read(descriptor, piece.baseAddress, piece.count)
      if size < 0, errno == EINTR { continue }
      guard size > 0 else { break }
      count += size
      // What is longer than the file is of something else.
      if count > file.size { return try restart() }
      checksum.update(UnsafeRawBufferPointer(rebasing: piece[..<size]))
    }
  }

  /// Throws away what is there.
  func restart() throws(WriteFailure) {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw WriteFailure(path: path, code: errno)
    }
    count = 0
    checksum = Checksum(of: file)
  }

  /// The header that asks for what is missing; none for the whole file.
  var rangeHeaders: [(String, String)] { count == 0 ? [] : [("Range", "bytes=\(count)-")] }

  func takes(_ answer: WebAnswer) throws -> Bool {
    switch answer.status {
    case 200:
      // The server knows no parts, and sends all of it.
      if count > 0 { try restart() }
      return true
    case 206:
      let range = answer.header("content-range") ?? ""
      guard range.hasPrefix("bytes \(count)-") else {
        let wrong = WrongPart(
          description: "the part from byte \(count) on was asked for, and '\(range)' came")
        try restart()
        throw wrong
      }
      return true
    case 416:
      try restart()
      return false
    default: return false
    }
  }

  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    guard count + bytes.count <= file.size else {
      try restart()
      throw WrongPart(description: "more than the \(file.size) bytes of the file came")
    }
    var written = 0
    while written < bytes.count {
      let size = write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      if size < 0 {
        if errno == EINTR { continue }
        throw WriteFailure(path: path, code: errno)
      }
      written += size
    }
    checksum.update(bytes)
    count += bytes.count
    tell(count)
  }

  /// Gives the complete file its name.
  func move(to name: String) throws(WriteFailure) {
    // After a power cut there must be no file of the right size with other contents.
    guard fsync(descriptor) == 0, rename(path, name) == 0 else {
      throw WriteFailure(path: name, code: errno)
    }
  }

  /// Removes the file.
  func remove() { unlink(path) }
}
