import Foundation
import Testing

@testable import HostProcesses

/// Sockets found by the processes that have them.
struct ListeningSocketsTests {
  @Test(
    "a listening socket of this process, by its address", arguments: ["127.0.0.1", "127.0.0.3"])
  func own(_ host: String) throws {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr(host)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    try #require(isBound)
    let wanted = ListeningSockets.Address(
      host: host, port: Int(UInt16(bigEndian: address.sin_port)))
    let own = try #require(ProcessTable.entry(of: getpid()))
    #expect(!ListeningSockets.addresses(of: [own]).contains(wanted), "it does not listen yet")
    try #require(listen(file, 1) == 0)
    #expect(ListeningSockets.addresses(of: [own]).contains(wanted))
    let parent = try #require(ProcessTable.entry(of: getppid()))
    #expect(!ListeningSockets.addresses(of: [parent]).contains(wanted), "it is not the parent's")
  }

  @Test("an address of IPv4 on a socket of IPv6, as gRPC has it")
  func mapped() throws {
    let file = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    inet_pton(AF_INET6, "::ffff:127.0.0.2", &address.sin6_addr)
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && listen(file, 1) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    try #require(isBound)
    let own = try #require(ProcessTable.entry(of: getpid()))
    let wanted = ListeningSockets.Address(
      host: "127.0.0.2", port: Int(UInt16(bigEndian: address.sin6_port)))
    #expect(ListeningSockets.addresses(of: [own]).contains(wanted))
  }
}
