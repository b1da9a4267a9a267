import Glibc
import Web

/// A file of the cache on its way here, which goes on where an attempt ended as long as the process lives.
final class ArtifactDownload: WebSink {
  let path: String
  private let size: Int?
  private let most: Int
  private let subject: String
  private let descriptor: Int32
  private let tell: (Int) -> Void
  /// The bytes that are there.
  private(set) var count = 0
  /// How many there will be, by the server's answer.
  private var announced: Int?

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

  /// The bytes of a file whose size the server does not list: one that is sent without an end must not
  /// fill the disk.
  static let mostUnlisted = 16 << 30

  /// Makes the file, which must not be there.
  ///
  /// - Parameters:
  ///   - size: in bytes, if it is known.
  ///   - most: the bytes that it may have where its size is not known.
  ///   - subject: the file in messages.
  ///   - tell: is told how many bytes there are, when there are more.
  /// - Throws: ``WriteFailure``.
  init(
    _ path: String, size: Int?, most: Int = mostUnlisted, of subject: String = "a file",
    tell: @escaping (Int) -> Void
  ) throws(WriteFailure) {
    self.path = path
    self.size = size
    self.most = most
    self.subject = subject
    self.tell = tell
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw WriteFailure(path: path, code: errno) }
  }

  deinit {
    close(descriptor)
    // Nothing but `move` gives it the name under which it is found.
    unlink(path)
  }

  var isComplete: Bool { (size ?? announced).map { $0 == count } ?? true }

  private func restart() throws(WriteFailure) {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw WriteFailure(path: path, code: errno)
    }
    count = 0
  }

  /// The header that asks for what is missing; none for the whole file.
  var rangeHeaders: [(String, String)] { count == 0 ? [] : [("Range", "bytes=\(count)-")] }

  func takes(_ answer: WebAnswer) throws -> Bool {
    switch answer.status {
    case 200:
      if count > 0 { try restart() }
      announced = answer.header("content-length").flatMap { Int($0) }
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
    if let size, count + bytes.count > size {
      try restart()
      throw WrongPart(description: "more than the \(size) bytes came that the server lists")
    }
    if size == nil, count + bytes.count > most {
      throw MLflowError(
        .damaged,
        "more than \(most) bytes came of \(subject), whose size the server does not list, which is as much as "
          + "is fetched of one; copy the model's folder to this machine and name that")
    }
    var written = 0
    while written < bytes.count {
      let done = write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      if done < 0 {
        if errno == EINTR { continue }
        throw WriteFailure(path: path, code: errno)
      }
      written += done
    }
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
}
