import FoundationEssentials
import Glibc
import HostProcesses
import SparkFunctions

extension NodeServerSpecification {
  /// Where a tritonserver is on the executors.
  public struct Triton: Sendable, Hashable, Codable {
    enum Place: Sendable, Hashable, Codable {
      case executable(String, backends: String?)
      case python(String)
    }

    let place: Place
    /// Further options of the server, such as `--log-verbose=1`.
    public var options: [String] = []

    /// A tritonserver with its backends, as in NVIDIA's containers.
    ///
    /// - Parameter backends: the folder of its backends; `nil` for the server's own default.
    public static func executable(
      _ path: String = "tritonserver", backends: String? = nil
    ) -> Triton {
      Triton(place: .executable(path, backends: backends))
    }

    /// The tritonserver that the Python package `nvidia-pytriton` has, with the Python backend alone.
    public static func python(_ interpreter: String = "python3") -> Triton {
      Triton(place: .python(interpreter))
    }
  }
}

/// A real tritonserver.
struct TritonBackend: Sendable, Hashable, Codable {
  var triton: NodeServerSpecification.Triton
  /// The folder's name among the session's files, or an absolute path.
  var repository: String

  func resolved(for worker: WorkerContext) -> TritonBackend {
    var backend = self
    backend.repository = worker.file(repository)
    return backend
  }
}

/// Starts a tritonserver, which takes any free port for each of its services.
struct TritonLaunch: OrderLaunch {
  let order: NodeServerOrder
  let backend: TritonBackend

  func command(in workspace: String) throws -> ServerCommand {
    guard FileManager.default.isFolder(backend.repository) else {
      throw NeedletailError(
        .nodeServers, "there is no model repository \(backend.repository) on this executor")
    }
    var (server, backends) = ("", String?.none)
    var variables: [String: String] = [:]
    switch backend.triton.place {
    case .executable(let path, let folder): (server, backends) = (path, folder)
    case .python(let interpreter):
      let python = try PythonInstallation.withTriton(interpreter)
      let package = python.pytriton ?? ""
      server = package + "/tritonserver/bin/tritonserver"
      backends = try Self.makeBackends(of: python, package, in: workspace)
      variables = python.variables(in: ProcessInfo.processInfo.environment)
    }
    let prefix = "needletail-\(getpid())-triton-"
    var arguments = [
      server, "--model-repository=\(backend.repository)", "--http-address=\(TritonHosts.http)",
      "--grpc-address=\(TritonHosts.grpc)", "--metrics-address=\(TritonHosts.metrics)",
      "--http-port=0",
      "--grpc-port=0", "--metrics-port=0",
      "--exit-timeout-secs=\(max(Int(order.limits.exitTime) - 1, 1))",
      "--model-control-mode=explicit",
      "--backend-config=python,shm-region-prefix-name=\(prefix)",
    ]
    if let backends { arguments.append("--backend-directory=\(backends)") }
    arguments += order.models.map { "--load-model=\($0)" } + backend.triton.options
    return ServerCommand(
      arguments: arguments, environment: order.variables(variables), sharedMemoryPrefix: prefix)
  }

  /// The package has the backend's parts apart, which the server wants in one folder.
  private static func makeBackends(
    of python: PythonInstallation, _ package: String, in workspace: String
  ) throws -> String {
    let files = FileManager.default
    let folder = workspace + "/backends"
    let source = package + "/tritonserver/backends/python"
    let stub =
      "\(package)/tritonserver/python_backend_stubs/\(python.version)/triton_python_backend_stub"
    guard files.fileExists(atPath: stub) else {
      throw NeedletailError(
        .nodeServers, "Triton's package has no part for Python \(python.version) (\(stub))")
    }
    try files.createDirectory(atPath: folder + "/python", withIntermediateDirectories: true)
    for path in [
      source + "/libtriton_python.so", source + "/triton_python_backend_utils.py", stub,
    ] {
      try files.createSymbolicLink(
        atPath: folder + "/python/" + URL(filePath: path).lastPathComponent,
        withDestinationPath: path)
    }
    return folder
  }

  func addresses(
    in workspace: String, of processes: [ProcessTable.Entry]
  ) throws -> ServerAddresses? { TritonHosts.addresses(of: processes) }
}
