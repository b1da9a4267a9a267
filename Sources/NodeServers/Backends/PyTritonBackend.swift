import FoundationEssentials
import Glibc
import HostProcesses
import SparkFunctions

/// A Python script that serves by PyTriton.
struct PyTritonBackend: Sendable, Hashable, Codable {
  /// The script's name among the session's files, or an absolute path.
  var script: String
  var python: String
  var arguments: [String]

  func resolved(for worker: WorkerContext) -> PyTritonBackend {
    var backend = self
    backend.script = worker.file(script)
    return backend
  }
}

/// Starts a script that serves by PyTriton, with PyTriton's own variables for its addresses.
struct PyTritonLaunch: OrderLaunch {
  let order: NodeServerOrder
  let backend: PyTritonBackend

  /// A background process of a shell ignores SIGINT, by which PyTriton ends in good order.
  private static let wrapper = """
    import os, signal, sys
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable] + sys.argv[1:])
    """

  func command(in workspace: String) throws -> ServerCommand {
    let python = try PythonInstallation.withTriton(backend.python)
    var variables = python.variables(in: ProcessInfo.processInfo.environment)
    // PyTriton's own client takes port 0 for the default one, so HTTP gets one that is free now; that
    // it is the server's is seen later.
    let ports = ["HTTP": "\(try Self.freePort())", "GRPC": "0", "METRICS": "0"]
    let hosts = [
      "HTTP": TritonHosts.http, "GRPC": TritonHosts.grpc, "METRICS": TritonHosts.metrics,
    ]
    for (service, port) in ports {
      variables["PYTRITON_TRITON_CONFIG_\(service)_PORT"] = port
      variables["PYTRITON_TRITON_CONFIG_\(service)_ADDRESS"] = hosts[service]
    }
    variables["PYTRITON_TRITON_CONFIG_EXIT_TIMEOUT_SECS"] =
      "\(max(Int(order.limits.exitTime) - 1, 1))"
    variables["PYTRITON_HOME"] = workspace
    variables["PYTHONUNBUFFERED"] = "1"
    return ServerCommand(
      arguments: [backend.python, "-c", Self.wrapper, backend.script] + backend.arguments,
      environment: order.variables(variables), stopSignal: SIGINT)
  }

  func addresses(
    in workspace: String, of processes: [ProcessTable.Entry]
  ) throws -> ServerAddresses? { TritonHosts.addresses(of: processes) }

  func isWorthAnotherTry(log: String) -> Bool { log.contains("already in use") }

  /// Models that PyTriton sends to its server lie in `/tmp/folderXXXXXX`, which stays when the server is
  /// killed; the stubs' command lines name it.
  func strayFolders(of processes: [ProcessTable.Entry]) -> Set<String> {
    let prefix = "/tmp/folder"
    var folders: Set<String> = []
    for process in processes where process.name.hasPrefix("triton_python") {
      for word in ProcessTable.commandLine(of: process.pid)
      where word.hasPrefix(prefix) && word.hasSuffix("/model.py") {
        let folder = String(word.prefix(prefix.count + 6))
        if !folder.dropFirst(prefix.count).contains("/") { folders.insert(folder) }
      }
    }
    return folders
  }

  /// A port of the loopback interface that nobody has now.
  private static func freePort() throws -> UInt16 {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr(TritonHosts.http)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    guard status else {
      throw NeedletailError(
        .nodeServers, "no port can be had: \(String(cString: strerror(errno)))")
    }
    return UInt16(bigEndian: address.sin_port)
  }
}
