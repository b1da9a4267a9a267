import FoundationEssentials
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
      try await withTaskCancellationHandler {
        try await task.value
      } onCancel: {
        task.cancel()
      }
    } catch {
      if preparation == task { preparation = nil }
      // Who waits for it too has not given up.
      if !Task.isCancelled, task.isCancelled { return try await ensure(session) }
      throw error
    }
  }

  private static func deploy(_ session: SparkSession, _ probe: @escaping Probe) async throws {
    try await session.requireFunctions()
    let environment = ProcessInfo.processInfo.environment
    var start = WorkerStart(session: session, probe: probe)
    if let installed = environment["NEEDLETAIL_WORKER"], !installed.isEmpty {
      // The operator has put the program on the executors.
      try await start.choose(worker: installed, id: Data(installed.utf8).shortHash)
      try await start.confirm()
    } else {
      try await bring(session, &start)
    }
    let changes = WorkerSettings.changes(
      version: session.majorMinorVersion, environment: environment)
    for change in changes {
      if let old = change.replaces, try await session.conf.get(change.name) != old { continue }
      try await start.prefer(change.name, change.value)
    }
  }

  /// Brings the program in the way that moves the least.
  private static func bring(_ session: SparkSession, _ start: inout WorkerStart) async throws {
    let isHere = try await Machine.isThis(serverOf: session)
    let package = try ProgramPackage.current(forThisMachine: isHere)
    let master = try await session.conf.get("spark.master") ?? ""
    // Then the only executor is the server itself, and the same user's as this process if that started it.
    let hasOneExecutor = Machine.isOneProcess(master: master)
    if isHere, hasOneExecutor, let folder = try? ProgramCache()?.folder(of: package) {
      try await start.choose(worker: "\(folder)/\(package.programFile)", id: package.id)
      return try await start.confirm()
    }

    let launcher = ProgramLauncher(package: package)
    try await session.addArtifact(named: "files/\(launcher.name)", Data(launcher.text.utf8))
    try await start.choose(worker: "./\(launcher.name)", id: package.id)
    // Spark tells nothing of what other sessions have sent, and executors of a cluster come and go: only
    // where there is one can a query say that none lacks the program.
    let notes = hasOneExecutor ? ServerNotes.ofThisUser() : nil
    if let notes, notes.mayHave(package.id, at: session.serverAddress) {
      let had = (try? await start.probe(session)) ?? false
      notes.noteAsked(package.id, session.serverAddress, had: had)
      if had { return }
    }
    let archive = try package.archive(level: session.isLocal ? 1 : 6)
    try await Activity.during("sending the program, \(archive.count >> 20) MiB") {
      try await session.addArtifact(named: "files/\(launcher.name(ofArchive: archive))", archive)
    }
    notes?.noteSent(package.id, to: session.serverAddress)
    try await start.confirm()
  }
}
