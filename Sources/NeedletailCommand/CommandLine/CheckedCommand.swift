import FoundationEssentials
import Needletail

/// A command that can tell all that is wrong with it.
protocol CheckedCommand {
  /// All that is wrong, as far as it can be known without computing anything. A command that can be done
  /// is not asked for it.
  func shortfalls() async -> Complaints
}

extension CheckedCommand {
  /// What `body` gives, or all that is wrong with this command line and this machine, if anything is.
  func checked<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch {
      throw await shortfalls().joined(behind: error)
    }
  }
}

extension Complaints {
  /// Notes what of Spark and Java is missing on this machine, unless a server is named.
  mutating func noteLocalSpark(remote: String?) {
    guard SparkServer.isStartedHere(remote) else { return }
    let environment = ProcessInfo.processInfo.environment
    note { try SparkInstallation.findHome(environment) }
    note { try SparkInstallation.findJava(environment) }
  }
}
