package import ArrowIPC
import Glibc

/// One socket between Spark and a task: blocking, buffered for small reads and writes; large ones go
/// directly between the socket and the memory concerned.
///
/// One thread at a time uses a connection, which makes sharing it safe; only ``descriptor`` is used
/// by others.
package final class WorkerConnection: ByteSource, ByteSink, @unchecked Sendable {
  /// The socket; closed when the connection goes.
  package let descriptor: Int32
  private let received: UnsafeMutableRawBufferPointer
  private var position = 0
  private var end = 0
  private var pending = WireBytes()
  /// Pending bytes beyond this are sent at once.
  private static let pendingLimit = 1 << 16
  /// The greatest number of pieces of one system call (IOV_MAX).
  private static let maximumPieces = 1024

  private static let bufferSize = 1 << 16
  /// Called before bytes go out.
  package var beforeSending: (() -> Void)?

  /// Takes over `descriptor`.
  ///
  /// - Parameter received: bytes that another process has read of it and that come first here.
  package init(descriptor: Int32, received bytes: [UInt8] = []) {
    self.descriptor = descriptor
    received = .allocate(byteCount: max(Self.bufferSize, bytes.count), alignment: 8)
    received.copyBytes(from: bytes)
    end = bytes.count
  }

  deinit {
    close(descriptor)
    received.deallocate()
  }

  // MARK: Reading

  /// Reads at least one byte.
  ///
  /// - Throws: ``WorkerError`` with ``WorkerError/Code/connectionClosed`` at the end: whoever reads
  ///   here expects more.
  package func read(into memory: UnsafeMutableRawBufferPointer) throws(WorkerError) -> Int {
    if memory.isEmpty { return 0 }
    if position == end {
      if memory.count >= received.count {
        let count = try receive(memory)
        guard count > 0 else { throw Self.closed("Spark closed the connection") }
        return count
      }
      guard try waitForData() else { throw Self.closed("Spark closed the connection") }
    }
    let count = min(memory.count, end - position)
    memory.copyMemory(from: .init(rebasing: received[position..<position + count]))
    position += count
    return count
  }

  /// Waits for a byte to read; `false` if the other side closed the connection.
  package func waitForData() throws(WorkerError) -> Bool {
    if position < end { return true }
    end = try receive(received)
    position = 0
    return end > 0
  }

  /// Waits for bytes, or for the other side to close the connection, and reads nothing.
  package func waitUntilReadable() throws(WorkerError) {
    if position < end { return }
    var request = pollfd(descriptor: descriptor)
    while poll(&request, 1, -1) < 0 {
      if errno != EINTR {
        throw WorkerError.system("waiting failed", .connectionClosed)
      }
    }
  }

  /// Gives up the bytes that were received and not read.
  package func takeReceived() -> [UInt8] {
    defer { position = end }
    return Array(received[position..<end])
  }

  package func readInt32() throws(WorkerError) -> Int32 {
    var reader = WireReader(self)
    return try reader.int32("a number")
  }

  package func readInt64() throws(WorkerError) -> Int64 {
    var reader = WireReader(self)
    return try reader.int64("a number")
  }

  package func readText() throws(WorkerError) -> String {
    var reader = WireReader(self)
    return try reader.text("a text")
  }

  /// Sends the secret of the other side, and returns its answer: `ok` if it is the right one.
  package func answer(toSecret secret: String) throws(WorkerError) -> String {
    write(text: secret)
    try flush()
    return try readText()
  }

  /// The next four bytes as a number, which stay to be read.
  package func peekInt32() throws(WorkerError) -> Int32 {
    while end - position < 4 {
      let rest = Array(received[position..<end])
      received.copyBytes(from: rest)
      position = 0
      end = rest.count
      let count = try receive(.init(rebasing: received[end...]))
      guard count > 0 else { throw Self.closed("Spark closed the connection") }
      end += count
    }
    return received[position..<position + 4].reduce(0) { $0 << 8 | Int32($1) }
  }

  /// Reads and forgets until the other side closes the connection.
  ///
  /// Closing a socket with unread input makes the kernel reset the connection, which can destroy
  /// what was written last before Spark reads it.
  package func drain() {
    position = 0
    end = 0
    while let count = try? receive(received), count > 0 {}
  }

  private func receive(_ memory: UnsafeMutableRawBufferPointer) throws(WorkerError) -> Int {
    while true {
      let count = recv(descriptor, memory.baseAddress, memory.count, 0)
      if count >= 0 { return count }
      if errno != EINTR { throw WorkerError.system("reading failed", .connectionClosed) }
    }
  }

  // MARK: Writing

  package func write(_ number: Int32) { pending.append(number) }
  package func write(_ number: Int64) { pending.append(number) }
  package func write(text: String) { pending.append(text: text) }
  package func write(_ bytes: WireBytes) { pending.bytes += bytes.bytes }

  /// Writes Arrow data; small pieces wait for ``flush()``.
  package func write(_ buffers: [ArrowBuffer]) throws(WorkerError) {
    let size = buffers.reduce(0) { $0 + $1.count }
    if pending.bytes.count + size <= Self.pendingLimit {
      for buffer in buffers { buffer.withUnsafeBytes { pending.bytes.append(contentsOf: $0) } }
      return
    }
    let head = ArrowBuffer(copying: pending.bytes)
    pending.bytes.removeAll(keepingCapacity: true)
    try send([head] + buffers)
  }

  /// Sends what waits.
  package func flush() throws(WorkerError) {
    if pending.bytes.isEmpty { return }
    let head = ArrowBuffer(copying: pending.bytes)
    pending.bytes.removeAll(keepingCapacity: true)
    try send([head])
  }

  private func send(_ buffers: [ArrowBuffer]) throws(WorkerError) {
    // The buffers' memory stays where it is for as long as somebody holds it.
    defer { withExtendedLifetime(buffers) {} }
    beforeSending?()
    var pieces: [iovec] = []
    pieces.reserveCapacity(buffers.count)
    for buffer in buffers where buffer.count > 0 {
      buffer.withUnsafeBytes {
        pieces.append(
          iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count))
      }
    }
    var next = 0
    while next < pieces.count {
      let count = pieces.withUnsafeMutableBufferPointer { pieces -> Int in
        var message = msghdr()
        message.msg_iov = pieces.baseAddress.map { $0 + next }
        message.msg_iovlen = min(pieces.count - next, Self.maximumPieces)
        return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw WorkerError.system("writing failed", .connectionClosed)
      }
      var left = count
      while left > 0 {
        if left >= pieces[next].iov_len {
          left -= pieces[next].iov_len
          next += 1
        } else {
          pieces[next].iov_base += left
          pieces[next].iov_len -= left
          left = 0
        }
      }
    }
  }

  private static func closed(_ message: String) -> WorkerError {
    WorkerError(.connectionClosed, message)
  }
}
