import FoundationEssentials
import Glibc
package import HostProcesses
package import SparkConnect
import Synchronization

extension Machine {
  /// What servers were found to be, by the session's identifier.
  private static let known = Mutex<[String: Bool]>([:])

  /// Whether the executors of the session's server run on this machine and see this user's files.
  ///
  /// A Spark that this package started says so. Of one that somebody else has started in a single process it is
  /// tried with a file that nobody else can read: an address of this machine may lead through a tunnel, or into a
  /// container.
  package static func isThis(serverOf session: SparkSession) async throws -> Bool {
    guard session.isLocal else { return false }
    if let found = known.withLock({ $0[session.id] }) { return found }
    let found = try await find(session)
    known.withLock { $0[session.id] = found }
    return found
  }

  /// Whether a Spark of this master is one process: its driver is its only executor.
  static func isOneProcess(master: String) -> Bool {
    master == "local" || master.hasPrefix("local[")
  }

  /// Whether the session's server is that of the cluster which this user has started on this machine: then all
  /// its executors are processes of this user here.
  static func isOwnCluster(of session: SparkSession, folder: String = ClusterMark.folder)
    async throws -> Bool
  {
    guard let text = ClusterMark.text(in: folder), try await isThis(serverOf: session) else {
      return false
    }
    return try await session.conf.get(ClusterMark.setting) == text
  }

  private static func find(_ session: SparkSession) async throws -> Bool {
    guard let master = try await session.conf.get("spark.master") else { return false }
    if !identity.isEmpty, try await session.conf.get(setting) == identity {
      return master.hasPrefix("local") || master.hasPrefix("spark://127.0.0.1:")
        || master.hasPrefix("spark://localhost:")
    }
    guard isOneProcess(master: master) else { return false }
    return await isSeen(by: session)
  }

  private static func isSeen(by session: SparkSession) async -> Bool {
    let mark = UUID().uuidString
    let folder = FileManager.default.temporaryDirectory.standardizedFileURL.path
    let path = folder + "/needletail-\(mark)"
    defer { unlink(path) }
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    guard
      FileManager.default.createFile(
        atPath: path, contents: Data(mark.utf8), attributes: attributes)
    else { return false }
    guard let row = try? await session.read.text("file:" + path).first() else { return false }
    return (try? row.get("value", as: String.self)) == mark
  }
}
