import Glibc

/// One connection of Spark, as the daemon holds it: open for as long as Spark needs it, whatever
/// happens to the process that serves it.
struct ClientConnection {
  enum Phase {
    /// Spark has yet to send the secret, of which these bytes came.
    case greeting([UInt8])
    /// It waits for a task, in nobody's hands.
    case parked
    /// A worker process has it.
    case served(by: pid_t)
    /// It was told the last; these bytes wait to be sent, and Spark will close it.
    case leaving([UInt8])
  }

  let descriptor: Int32
  var phase: Phase
  /// How many workers had it and died, one after the other, without a task of it.
  var losses = 0
  /// A file with bytes of its task that a process had read and passed on; kept for as long as the task
  /// may have to be passed on again.
  private(set) var file: Int32?

  /// What to wait for; `nil` if it is in another process's hands.
  var request: pollfd? {
    switch phase {
    case .greeting, .parked: pollfd(descriptor: descriptor)
    case .served: nil
    case .leaving(let bytes):
      pollfd(
        fd: descriptor, events: Int16(POLLIN) | (bytes.isEmpty ? 0 : Int16(POLLOUT)), revents: 0)
    }
  }

  /// Reads without waiting: `nil` if there is nothing, no bytes at the end.
  func read(_ count: Int, isPeek: Bool = false) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let flags = Int32(MSG_DONTWAIT) | (isPeek ? Int32(MSG_PEEK) : 0)
    let taken = recv(descriptor, &bytes, count, flags)
    if taken < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
    return Array(bytes[..<taken])
  }

  /// Sends without waiting.
  ///
  /// - Returns: the bytes that are left; none if the connection is lost.
  func send(_ bytes: [UInt8]) -> [UInt8] {
    let sent = bytes.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
    if sent < 0 { return errno == EAGAIN || errno == EINTR ? bytes : [] }
    return Array(bytes[sent...])
  }

  /// Keeps a descriptor of its own of `file`, instead of the one before.
  mutating func keep(_ file: Int32?) {
    let copy = file.map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
    if let old = self.file { Glibc.close(old) }
    self.file = copy
  }

  /// Ends the connection for everybody who holds it.
  mutating func close() {
    keep(nil)
    shutdown(descriptor, Int32(SHUT_RDWR))
    Glibc.close(descriptor)
  }
}
