import FoundationEssentials
import Glibc
import HostProcesses
import NativeLibraries

/// A file that says how long something is wanted: until it was not renewed for some time, or says stop.
struct Lease: Sendable, Hashable {
  enum State: Sendable, Hashable {
    case valid, stop, expired
  }

  let path: String

  private static let stopWord = "stop"

  /// Makes the file, or says with its time that it is still wanted; a stop stays one.
  ///
  /// - Throws: ``NeedletailError`` if the folder is not there any more, or cannot be written to.
  func renew() throws {
    // Without touching the contents, so that a stop at the same time is not lost.
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure(errno) }
    defer { close(file) }
    guard futimens(file, nil) == 0 else { throw failure(errno) }
  }

  private func failure(_ code: Int32) -> NeedletailError {
    NeedletailError(
      .nodeServers,
      "the lease \(path) of a node's server cannot be renewed: \(String(cString: strerror(code)))")
  }

  /// Ends the lease.
  ///
  /// - Throws: `CocoaError` if the folder is not there any more, or cannot be written to.
  func stop() throws { try Data(Self.stopWord.utf8).write(to: URL(filePath: path)) }

  /// - Parameter time: the seconds for which a renewal counts.
  func state(after time: Double) -> State {
    guard let (byteCount, renewal) = FileSystem.sizeAndTime(of: path) else { return .expired }
    if byteCount > 0 { return .stop }
    return Date().timeIntervalSince1970 - renewal > time ? .expired : .valid
  }
}
