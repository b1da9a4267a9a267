import Glibc
import HostProcesses

/// Ports on which only this machine is heard.
enum LoopbackPort {
  /// - Throws: ``NeedletailError`` if somebody listens on the port, or may not be listened on.
  static func check(_ port: Int) throws {
    if port == 0 { return }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // As servers do: connections of an earlier one, which have ended, do not count.
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if status == 0, listen(descriptor, 1) == 0 { return }
    let reason =
      errno == EADDRINUSE
      ? "somebody listens there already" : String(cString: strerror(errno))
    throw NeedletailError(
      .localSpark,
      "the port \(port) cannot be had: \(reason); name another with --port, or 0 for any that is free"
    )
  }
}
