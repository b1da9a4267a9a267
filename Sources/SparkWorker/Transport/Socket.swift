import Glibc

/// The few socket calls that the worker needs.
package enum Socket {
  /// Where a socket listens.
  package enum Address: Sendable, Hashable {
    /// A port of the loopback interface.
    case tcp(port: Int, isIPv6: Bool = false)
    case unix(path: String)
  }

  /// Listens on a free port of the loopback interface.
  package static func listenTCP(isIPv6: Bool = false) throws(WorkerError) -> (
    descriptor: Int32, port: Int
  ) {
    var storage = sockaddr_storage()
    let address = Address.tcp(port: 0, isIPv6: isIPv6)
    let descriptor = try open(address) { descriptor, address, length throws(WorkerError) in
      try check(bind(descriptor, address, length), "a loopback port cannot be taken")
      try check(listen(descriptor, SOMAXCONN), "a loopback port cannot be listened on")
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let result = withUnsafeMutableBytes(of: &storage) { bytes in
        getsockname(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
      }
      try check(result, "the port's number cannot be read")
    }
    // The port stands at the same place in both address forms.
    let port = withUnsafeBytes(of: &storage) {
      UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }
    return (descriptor, Int(port))
  }

  /// Listens on a new socket file that only this user can open.
  package static func listenUnix(path: String) throws(WorkerError) -> Int32 {
    try open(.unix(path: path)) { descriptor, address, length throws(WorkerError) in
      let mask = umask(0o177)
      defer { umask(mask) }
      try check(bind(descriptor, address, length), "the socket \(path) cannot be made")
      try check(listen(descriptor, SOMAXCONN), "the socket \(path) cannot be listened on")
    }
  }

  /// Connects to `address`.
  package static func connect(to address: Address) throws(WorkerError) -> WorkerConnection {
    let descriptor = try open(address) { descriptor, pointer, length throws(WorkerError) in
      try check(Glibc.connect(descriptor, pointer, length), "no connection to \(address)")
    }
    sendAtOnce(descriptor)
    return WorkerConnection(descriptor: descriptor)
  }

  /// Takes the next connection, `nil` if it went away in the meantime.
  package static func accept(_ listener: Int32) -> WorkerConnection? {
    acceptDescriptor(listener).map { WorkerConnection(descriptor: $0) }
  }

  /// The same, as a bare descriptor.
  static func acceptDescriptor(_ listener: Int32) -> Int32? {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    sendAtOnce(descriptor)
    return descriptor
  }

  /// Two connected sockets.
  package static func pair() throws(WorkerError) -> (WorkerConnection, WorkerConnection) {
    let (first, second) = try pair(Int32(SOCK_STREAM.rawValue))
    return (WorkerConnection(descriptor: first), WorkerConnection(descriptor: second))
  }

  /// The descriptors of two connected sockets of a type.
  static func pair(_ type: Int32) throws(WorkerError) -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    try check(
      socketpair(AF_UNIX, type | Int32(SOCK_CLOEXEC.rawValue), 0, &ends),
      "two connected sockets cannot be made")
    return (ends[0], ends[1])
  }

  /// A new socket, which `use` binds or connects to `address`; closed if that fails.
  private static func open(
    _ address: Address,
    _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) throws(WorkerError) -> Void
  ) throws(WorkerError) -> Int32 {
    let family =
      switch address {
      case .tcp(_, let isIPv6): isIPv6 ? AF_INET6 : AF_INET
      case .unix: AF_UNIX
      }
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    try check(descriptor, "a socket cannot be made")
    do {
      try withAddress(address) { pointer, length throws(WorkerError) in
        try use(descriptor, pointer, length)
      }
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Has small pieces sent without waiting for more; of no effect on Unix sockets.
  private static func sendAtOnce(_ descriptor: Int32) {
    var one: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func check(_ result: Int32, _ failure: String) throws(WorkerError) {
    if result < 0 { throw WorkerError.system(failure) }
  }

  private static func withAddress(
    _ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(WorkerError) -> Void
  ) throws(WorkerError) {
    switch address {
    case .tcp(let port, let isIPv6):
      let port = in_port_t(truncatingIfNeeded: port).bigEndian
      if isIPv6 {
        var form = sockaddr_in6()
        form.sin6_family = sa_family_t(AF_INET6)
        form.sin6_port = port
        form.sin6_addr = in6addr_loopback
        try withPointer(to: &form, body)
      } else {
        var form = sockaddr_in()
        form.sin_family = sa_family_t(AF_INET)
        form.sin_port = port
        form.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        try withPointer(to: &form, body)
      }
    case .unix(let path):
      var form = sockaddr_un()
      form.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(path.utf8)
      let capacity = MemoryLayout.size(ofValue: form.sun_path)
      guard bytes.count < capacity else {
        throw WorkerError(
          .launch,
          "the path of the socket is \(bytes.count) bytes long, at most \(capacity - 1) are possible "
            + "(\(path)); give Spark a shorter directory for temporary files")
      }
      withUnsafeMutableBytes(of: &form.sun_path) { $0.copyBytes(from: bytes) }
      try withPointer(to: &form, body)
    }
  }

  private static func withPointer<Form>(
    to form: inout Form, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(WorkerError) -> Void
  ) throws(WorkerError) {
    let length = socklen_t(MemoryLayout<Form>.size)
    let result = withUnsafePointer(to: &form) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        Result { () throws(WorkerError) in try body(pointer, length) }
      }
    }
    try result.get()
  }
}
