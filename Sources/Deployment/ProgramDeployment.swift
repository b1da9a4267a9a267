import FoundationEssentials
import HostProcesses
package import SparkConnect

/// Brings this program to the executors of one session, when its first function is used.
package actor ProgramDeployment {
  /// Whether the executors of a session can start its worker.
  package typealias Probe = @Sendable (SparkSession) async throws -> Bool

  private let probe: Probe
  /// Gives what the executors start.
  private var preparation: Task<String, any Error>?

  /// - Parameter probe: asks by a query; what it throws is taken for no.
  package init(probe: @escaping Probe) { self.probe = probe }

  /// Brings the program, unless it is there, and tells the session to start it; later calls wait for the
  /// first.
  ///
  /// - Throws: ``NeedletailError`` or ``SparkError`` if the server does not take it.
  package func ensure(_ session: SparkSession) async throws { _ = try await worker(session) }

  /// Does the same for streaming queries, which see nothing that a session sends.
  ///
  /// - Throws: ``NeedletailError`` also if the program is on the executors only because it was sent.
  package func ensureForStreams(_ session: SparkSession) async throws {
    let worker = try await worker(session)
    // A plain name is looked up on the executors' PATH.
    guard worker.contains("/"), !worker.hasPrefix("/") else { return }
    throw NeedletailError(
      .session,
      "a streaming query cannot run this program's functions on \(session.serverAddress): Spark gives it none "
        + "of the files that a session sends, and the executors have the program (\(worker)) from there. "
        + "Install the program on every executor, at one path, and name it here in NEEDLETAIL_WORKER "
        + "(NEEDLETAIL_WORKER=/opt/needletail/PROGRAM); a Spark on this machine with the master local[*], "
        + "or of needletail spark start, needs no installation")
  }

  /// Brings the program and gives what the executors start.
  private func worker(_ session: SparkSession) async throws -> String {
    let task = preparation ?? Task { [probe] in try await Self.deploy(session, probe) }
    preparation = task
    do {
      return try await withTaskCancellationHandler {
        try await task.value
      } onCancel: {
        task.cancel()
      }
    } catch {
      if preparation == task { preparation = nil }
      // Who waits for it too has not given up.
      if !Task.isCancelled, task.isCancelled { return try await worker(session) }
      throw error
    }
  }

  private static func deploy(
    _ session: SparkSession, _ probe: @escaping Probe
  ) async throws -> String {
    try await session.requireFunctions()
    let environment = ProcessInfo.processInfo.environment
    var start = WorkerStart(session: session, probe: probe)
    if let installed = InstalledProgram.path(environment) {
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
    return start.worker
  }

  /// Brings the program in the way that moves the least.
  private static func bring(_ session: SparkSession, _ start: inout WorkerStart) async throws {
    let isHere = try await Machine.isThis(serverOf: session)
    let package = try ProgramPackage.current(forThisMachine: isHere)
    let master = try await session.conf.get("spark.master") ?? ""
    // Then the only executor is the server itself, and the same user's as this process if that started it.
    let hasOneExecutor = Machine.isOneProcess(master: master)
    let isOwnCluster = hasOneExecutor ? false : try await Machine.isOwnCluster(of: session)
    if isHere, hasOneExecutor || isOwnCluster,
      let folder = try? ProgramCache()?.folder(of: package)
    {
      try await start.choose(worker: "\(folder)/\(package.programFile)", id: package.id)
      if hasOneExecutor { return try await start.confirm() }
      // That all executors are like one is known; that this one starts the program is seen.
      if (try? await start.probe(session)) ?? false { return }
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
