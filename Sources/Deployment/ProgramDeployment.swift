import Foundation
import HostProcesses
package import SparkConnect

/// Brings this program to the executors of one session, when its first function is used.
package actor ProgramDeployment {
  /// Whether the executors of a session can start its worker.
  package typealias Probe = @Sendable (SparkSession) async throws -> Bool

  private let probe: Probe
  private var preparation: Task<Void, any Error>?

  /// - Parameter probe: asks by a query; what it throws is taken for no.
  package init(probe: @escaping Probe) { self.probe = probe }

  /// Brings the program, unless it is there, and tells the session to start it; later calls wait for the
  /// first.
  ///
  /// - Throws: ``NeedletailError`` or ``SparkError`` if the server does not take it.
  package func ensure(_ session: SparkSession) async throws {
    let task = preparation ?? Task { [probe] in try await Self.deploy(session, probe) }
    preparation = task
    do {
      try await task.value
    } catch {
      preparation = nil
      throw error
    }
  }

  private static func deploy(_ session: SparkSession, _ probe: Probe) async throws {
    try await session.requireFunctions()
    let environment = ProcessInfo.processInfo.environment
    if let installed = environment["NEEDLETAIL_WORKER"], !installed.isEmpty {
      // The operator has put the program on the executors.
      try await choose(worker: installed, session)
    } else {
      try await bring(session, probe)
    }
    // Spark's columnar input converts array columns more slowly than its rows, as scripts/benchmark
    // shows; Spark has the setting since 4.2.
    if session.majorMinorVersion >= (4, 2), environment["NEEDLETAIL_COLUMNAR_INPUT"] != "spark" {
      try await session.conf.set(WorkerSettings.columnarInput, "false")
    }
    // Spark's own limit, 64 MiB, lets tasks hold several such batches of wide rows. The batches of a
    // model may span Spark's, so smaller ones cost nothing. A limit that somebody has set stays.
    if try await session.conf.get(WorkerSettings.batchBytes) == "\(64 << 20)b" {
      try await session.conf.set(WorkerSettings.batchBytes, "\(16 << 20)b")
    }
  }

  /// Brings the program in the way that moves the least.
  private static func bring(_ session: SparkSession, _ probe: Probe) async throws {
    let isHere = try await Machine.isThis(serverOf: session)
    let package = try ProgramPackage.current(forThisMachine: isHere)
    let master = try await session.conf.get("spark.master") ?? ""
    // Then the only executor is the server itself, and the same user's as this process if that started it.
    let hasOneExecutor = Machine.isOneProcess(master: master)
    if isHere, hasOneExecutor, let folder = try? ProgramCache()?.folder(of: package) {
      return try await choose(worker: "\(folder)/\(package.programFile)", session)
    }

    let launcher = ProgramLauncher(package: package)
    try await session.addArtifact(named: "files/\(launcher.name)", Data(launcher.text.utf8))
    try await choose(worker: "./\(launcher.name)", session)
    // Spark tells nothing of what other sessions have sent, and executors of a cluster come and go: only
    // where there is one can a query say that none lacks the program.
    let notes = hasOneExecutor ? ServerNotes.ofThisUser() : nil
    if let notes, notes.mayHave(package.id, at: session.serverAddress) {
      let had = (try? await probe(session)) ?? false
      notes.noteAsked(package.id, session.serverAddress, had: had)
      if had { return }
    }
    let kept = PackedFiles.ofThisUser()
    let level: Int32 = session.isLocal ? 1 : 6
    let archive = try package.archive { file in
      try kept?.packed(file, level: level) ?? file.packed(level: level)
    }
    try await session.addArtifact(named: "files/\(launcher.name(ofArchive: archive))", archive)
    notes?.noteSent(package.id, to: session.serverAddress)
  }

  private static func choose(worker: String, _ session: SparkSession) async throws {
    do {
      try await session.conf.set(WorkerSettings.executable, worker)
    } catch let error as SparkError {
      throw NeedletailError(
        .session,
        "the server does not let the session choose its worker program "
          + "(\(WorkerSettings.executable)): \(error.message). Ask its operator to let sessions set it, "
          + "which changes nothing for others, or name another server with --remote or SPARK_REMOTE",
        cause: error)
    }
  }
}
