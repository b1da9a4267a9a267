import FoundationEssentials
import HostProcesses
package import SparkConnect

/// What it takes to bring this program to the executors of a session.
package struct ProgramFreight: Sendable, Hashable {
  /// What is sent; 0 if nothing is.
  package var bytes: Int
  /// Why, or what else is to be known of it.
  package var note: String

  /// Finds out what ``ProgramDeployment/ensure(_:)`` would do; the session is not changed.
  ///
  /// - Throws: ``NeedletailError`` if the program cannot be packed, `SparkError` if the server does not
  ///   answer.
  package static func ahead(of session: SparkSession) async throws -> ProgramFreight {
    if let installed = InstalledProgram.path() {
      return ProgramFreight(bytes: 0, note: "the executors have it: \(installed)")
    }
    let isHere = try await Machine.isThis(serverOf: session)
    let package = try ProgramPackage.current(forThisMachine: isHere)
    let hasOneExecutor = Machine.isOneProcess(
      master: try await session.conf.get("spark.master") ?? "")
    if isHere, ProgramCache() != nil {
      if hasOneExecutor {
        return ProgramFreight(bytes: 0, note: "the executor takes it from this machine's cache")
      }
      if try await Machine.isOwnCluster(of: session) {
        return ProgramFreight(bytes: 0, note: "the executors take it from this machine's cache")
      }
    }
    let bytes = try package.archive(level: session.isLocal ? 1 : 6).count
    if hasOneExecutor,
      ServerNotes.ofThisUser()?.mayHave(package.id, at: session.serverAddress) ?? false
    {
      return ProgramFreight(
        bytes: bytes, note: "unless the server still has it, which it is asked first")
    }
    return ProgramFreight(bytes: bytes, note: "once in the session")
  }
}
