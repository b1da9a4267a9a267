import HostProcesses
import SparkConnect

extension Machine {
  /// Whether the executors of the session's server run on this machine and see its files.
  static func isThis(serverOf session: SparkSession) async throws -> Bool {
    guard session.isLocal, !identity.isEmpty, try await session.conf.get(setting) == identity,
      let master = try await session.conf.get("spark.master")
    else { return false }
    return master.hasPrefix("local") || master.hasPrefix("spark://127.0.0.1:")
      || master.hasPrefix("spark://localhost:")
  }
}
