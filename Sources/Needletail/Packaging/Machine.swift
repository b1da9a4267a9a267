import Foundation

/// Tells whether a Spark that we started runs where we run.
///
/// The address of a server does not tell: a local port may be forwarded to another machine.
enum Machine {
  /// The setting in which a Spark that this package started carries the mark of its machine.
  static let setting = "spark.needletail.machine"

  /// The kernel's identifier of this boot: it differs between machines and is the same in all
  /// processes of one.
  static let identity: String = {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
  }()

  /// Whether the executors of the session's server run on this machine and see its files.
  static func isThis(serverOf session: SparkSession) async throws -> Bool {
    guard session.isLocal, !identity.isEmpty, try await session.conf.get(setting) == identity,
      let master = try await session.conf.get("spark.master")
    else { return false }
    return master.hasPrefix("local") || master.hasPrefix("spark://127.0.0.1:")
      || master.hasPrefix("spark://localhost:")
  }
}
