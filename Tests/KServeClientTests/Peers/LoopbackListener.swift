import Foundation

/// A port of the loopback interface with somebody behind it until this object is gone.
final class LoopbackListener: Sendable {
  let port: Int
  private let socket: Int32

  /// - Parameter serve: gets each connection's descriptor, one after the other, and closes it.
  init(_ serve: @escaping @Sendable (Int32) -> Void) throws {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.socket = socket
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRINUSE) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread {
      while true {
        let descriptor = accept(socket, nil, nil)
        if descriptor < 0 {
          // Whoever accepts closes: the next listener has the number of a closed one.
          close(socket)
          return
        }
        serve(descriptor)
      }
    }
  }

  /// What accepts ends by it.
  deinit { shutdown(socket, Int32(SHUT_RDWR)) }
}
