import Glibc
import NIOCore
import Synchronization

/// Who is at the other end of a connection, as far as the kernel tells.
final class ClientIdentity: Sendable {
  private let local: SocketAddress?
  private let remote: SocketAddress?
  /// The user, once it was looked up; the inner value is `nil` for a client of another machine.
  private let known = Mutex<uid_t??>(nil)

  init(local: SocketAddress?, remote: SocketAddress?) {
    self.local = local
    self.remote = remote
  }

  convenience init(_ channel: any Channel) {
    self.init(local: channel.localAddress, remote: channel.remoteAddress)
  }

  /// The user of a client on this machine; `nil` if it is not known.
  var user: uid_t? {
    known.withLock { known in
      if let known { return known }
      let user = Self.look(local: local, remote: remote)
      known = .some(user)
      return user
    }
  }

  private static func look(local: SocketAddress?, remote: SocketAddress?) -> uid_t? {
    guard let local = local.flatMap(Endpoint.init), let remote = remote.flatMap(Endpoint.init)
    else { return nil }
    // The client's socket has our addresses the other way round, and its owner's number beside them.
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
      if let user = user(of: remote, connectedTo: local, in: table) { return user }
    }
    return nil
  }

  private static func user(
    of client: Endpoint, connectedTo server: Endpoint, in table: String
  ) -> uid_t? {
    guard let file = fopen(table, "re") else { return nil }
    defer { fclose(file) }
    let size = 512
    var line = [CChar](repeating: 0, count: size)
    while fgets(&line, Int32(size), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let fields = text.split(whereSeparator: \.isWhitespace)
      // A socket that its process has closed has no file (inode 0), and may count as root's.
      guard fields.count > 9, fields[9] != "0", Endpoint(table: fields[1]) == client,
        Endpoint(table: fields[2]) == server
      else { continue }
      return uid_t(fields[7])
    }
    return nil
  }

  /// An address and port, addresses of IPv4 in their form for IPv6.
  private struct Endpoint: Equatable {
    var address: [UInt8]
    var port: Int

    init?(_ address: SocketAddress) {
      switch address {
      case .v4(let v4):
        // The family and the port come before it, two bytes each.
        self.address = Self.mapped + withUnsafeBytes(of: v4.address) { Array($0[4..<8]) }
      case .v6(let v6):
        // Four more bytes come before it, the label of the flow.
        self.address = withUnsafeBytes(of: v6.address) { Array($0[8..<24]) }
      case .unixDomainSocket: return nil
      }
      port = address.port ?? 0
    }

    /// `ADDRESS:PORT` of the kernel's table: words of 32 bits in the machine's order.
    init?(table text: Substring) {
      let parts = text.split(separator: ":")
      guard parts.count == 2, let port = Int(parts[1], radix: 16) else { return nil }
      let digits = Array(parts[0])
      guard digits.count == 8 || digits.count == 32 else { return nil }
      var bytes: [UInt8] = []
      for start in stride(from: 0, to: digits.count, by: 8) {
        guard let word = UInt32(String(digits[start..<start + 8]), radix: 16) else { return nil }
        bytes += withUnsafeBytes(of: word) { Array($0) }
      }
      address = bytes.count == 4 ? Self.mapped + bytes : bytes
      self.port = port
    }

    private static let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
  }
}
