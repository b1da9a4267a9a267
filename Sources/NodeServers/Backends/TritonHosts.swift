import HostProcesses

/// The addresses at which a Triton listens: one for each of its services, all of them the loopback
/// interface (127/8), so that the kernel can choose the ports and tell which service has which.
enum TritonHosts {
  static let http = "127.0.0.1"
  static let grpc = "127.0.0.2"
  static let metrics = "127.0.0.3"

  /// Where the processes of a Triton listen, `nil` while they do not.
  static func addresses(of processes: [ProcessTable.Entry]) -> ServerAddresses? {
    let sockets = ListeningSockets.addresses(of: processes)
    func address(_ host: String) -> String? {
      sockets.first { $0.host == host }.map { "\(host):\($0.port)" }
    }
    guard let http = address(http), let grpc = address(grpc) else { return nil }
    return ServerAddresses(http: http, grpc: grpc, metrics: address(metrics))
  }
}
