import Glibc

/// What the daemon and one of its worker processes say to each other, over a pair of sockets that
/// keep messages whole. Connections of Spark travel in it as descriptors.
struct ControlChannel: Sendable {
  enum Kind: UInt32, Sendable {
    /// To the worker: serve this connection; a second descriptor is a file with bytes of it that
    /// somebody has read already.
    case serve = 1
    /// From the worker: it has started and can serve.
    case ready
    /// From the worker: it is done with this connection.
    case closed
    /// From the worker: the connection's next task is for another process; the descriptor is a file
    /// with what was read of it.
    case elsewhere
  }

  struct Message: Sendable {
    var kind: Kind
    /// The connection's place in the ``TaskLedger``.
    var slot = 0
    /// None of them arrives if this process has no room for all.
    var descriptors: [Int32] = []
  }

  enum Received {
    case message(Message)
    case nothing
    /// The other process has ended.
    case end
  }

  enum Sent {
    case whole
    /// The other process takes nothing now.
    case refused
    /// The other process has ended.
    case lost
  }

  /// Bytes of the header of control data (`struct cmsghdr`), and the kind that passes descriptors
  /// (`SCM_RIGHTS`); the macros of `socket.h` for them do not exist in Swift.
  private static let headerSize = 16
  private static let rights: Int32 = 1
  /// `MSG_CMSG_CLOEXEC`.
  private static let closeOnExec: Int32 = 0x4000_0000
  private static let maximumDescriptors = 2

  let descriptor: Int32

  /// The daemon's end, and the descriptor of the worker's.
  static func pair() throws(WorkerError) -> (daemon: ControlChannel, worker: Int32) {
    let (daemon, worker) = try Socket.pair(Int32(SOCK_SEQPACKET.rawValue))
    return (ControlChannel(descriptor: daemon), worker)
  }

  /// Sends `message`; its descriptors stay open here.
  ///
  /// - Parameter waits: whether to wait for an other side that is behind.
  @discardableResult
  func send(_ message: Message, waits: Bool = true) -> Sent {
    let count = min(message.descriptors.count, Self.maximumDescriptors)
    let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
    return Self.withHeader { header, body, control in
      body.storeBytes(of: message.kind.rawValue, as: UInt32.self)
      body.storeBytes(of: UInt32(message.slot), toByteOffset: 4, as: UInt32.self)
      if count > 0 {
        control.storeBytes(of: Self.headerSize + 4 * count, as: Int.self)
        control.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
        control.storeBytes(of: Self.rights, toByteOffset: 12, as: Int32.self)
        for (index, descriptor) in message.descriptors.prefix(count).enumerated() {
          control.storeBytes(
            of: descriptor, toByteOffset: Self.headerSize + 4 * index, as: Int32.self)
        }
      } else {
        header.msg_control = nil
        header.msg_controllen = 0
      }
      while true {
        if sendmsg(descriptor, &header, flags) >= 0 { return .whole }
        if errno == EPIPE || errno == ECONNRESET { return .lost }
        if errno != EINTR { return .refused }
      }
    }
  }

  /// Takes the next message without waiting for one.
  func receive() -> Received {
    Self.withHeader { header, body, control in
      while true {
        let count = recvmsg(descriptor, &header, Int32(MSG_DONTWAIT) | Self.closeOnExec)
        // What the other process had not read when it ended is reported first, before what it said.
        if count < 0, errno == EINTR || errno == ECONNRESET { continue }
        if count < 0, errno == EAGAIN { return .nothing }
        if count <= 0 { return .end }
        break
      }
      guard let kind = Kind(rawValue: body.load(as: UInt32.self)) else { return .nothing }
      var message = Message(
        kind: kind, slot: Int(body.load(fromByteOffset: 4, as: UInt32.self)))
      if header.msg_controllen >= Self.headerSize,
        control.load(fromByteOffset: 12, as: Int32.self) == Self.rights
      {
        let length = control.load(as: Int.self) - Self.headerSize
        for index in 0..<max(0, length / 4) {
          message.descriptors.append(
            control.load(fromByteOffset: Self.headerSize + 4 * index, as: Int32.self))
        }
      }
      if header.msg_flags & Int32(MSG_CTRUNC) != 0 {
        for descriptor in message.descriptors { close(descriptor) }
        message.descriptors = []
      }
      return .message(message)
    }
  }

  /// Calls `use` with what the system's calls take: a header, and the memory that it points to, for a
  /// message's eight bytes and for the control data that carry its descriptors.
  private static func withHeader<Value>(
    _ use: (
      _ header: inout msghdr, _ body: UnsafeMutableRawBufferPointer,
      _ control: UnsafeMutableRawBufferPointer
    ) -> Value
  ) -> Value {
    var memory = [UInt64](repeating: 0, count: 4)
    return memory.withUnsafeMutableBytes { bytes in
      let body = UnsafeMutableRawBufferPointer(rebasing: bytes[..<8])
      let control = UnsafeMutableRawBufferPointer(rebasing: bytes[8...])
      var piece = iovec(iov_base: body.baseAddress, iov_len: body.count)
      return withUnsafeMutablePointer(to: &piece) { piece in
        var header = msghdr()
        header.msg_iov = piece
        header.msg_iovlen = 1
        header.msg_control = control.baseAddress
        header.msg_controllen = control.count
        return use(&header, body, control)
      }
    }
  }
}
