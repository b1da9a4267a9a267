import FoundationEssentials
import Glibc
import HostProcesses

/// How a server of one kind is started and asked for its state.
protocol ServerLaunch: Sendable {
  /// What starts the server.
  ///
  /// - Parameter workspace: an empty folder that this start has for itself.
  /// - Throws: an error that says what the machine lacks.
  func command(in workspace: String) throws -> ServerCommand

  /// Where the server listens, `nil` while it does not.
  ///
  /// - Parameter processes: those of the server.
  func addresses(in workspace: String, of processes: [ProcessTable.Entry]) throws
    -> ServerAddresses?

  /// Whether the server and its models take requests.
  func isReady(_ addresses: ServerAddresses) async -> Bool

  /// Whether the server answers at all.
  func isLive(_ addresses: ServerAddresses) async -> Bool

  /// Whether a start that failed so is worth another try, such as for a port that somebody else took in
  /// the meantime.
  func isWorthAnotherTry(log: String) -> Bool

  /// Folders outside the workspace that the server would leave if it were killed.
  func strayFolders(of processes: [ProcessTable.Entry]) -> Set<String>
}

extension ServerLaunch {
  func isWorthAnotherTry(log: String) -> Bool { false }
  func strayFolders(of processes: [ProcessTable.Entry]) -> Set<String> { [] }
}

/// A command line with its surroundings.
struct ServerCommand: Sendable, Hashable {
  var arguments: [String]
  var environment: [String: String]
  /// What the names of the server's shared memory begin with, if it can be told.
  var sharedMemoryPrefix: String?
  /// What asks the server to end.
  var stopSignal = SIGTERM
}

/// Where a server listens on its machine, as `HOST:PORT`; `nil` for what it does not serve.
public struct ServerAddresses: Sendable, Hashable, Codable {
  /// For KServe v2 over HTTP.
  public var http: String?
  /// For KServe v2 over gRPC.
  public var grpc: String?
  /// For Prometheus.
  public var metrics: String?
}
