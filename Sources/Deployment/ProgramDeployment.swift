import Foundation
package import HostProcesses
public import SparkConnect

/// Brings this program to the executors of one session, when its first function is used.
actor ProgramDeployment {
  private var preparation: Task<Void, any Error>?

  /// Uploads the program and tells the session to start it; later calls wait for the first.
  ///
  /// - Throws: ``NeedletailError`` or ``SparkError`` if the server does not take it.
  func ensure(_ session: SparkSession) async throws {
    let task = preparation ?? Task { try await Self.deploy(session) }
    preparation = task
    do {
      try await task.value
    } catch {
      preparation = nil
      throw error
    }
  }

  private static func deploy(_ session: SparkSession) async throws {
    let environment = ProcessInfo.processInfo.environment
    let worker: String
    if let installed = environment["NEEDLETAIL_WORKER"], !installed.isEmpty {
      // The operator has put the program on the executors.
      worker = installed
    } else {
      let package = try ProgramPackage.current(
        forThisMachine: try await Machine.isThis(serverOf: session), compressed: !session.isLocal)
      try await session.addArtifact(
        named: "archives/\(package.fileName)#\(package.name)", package.archive)
      worker = "./\(package.name)/bin/\(package.program)"
    }
    do {
      try await session.conf.set(WorkerSettings.executable, worker)
    } catch let error as SparkError {
      throw NeedletailError(
        .session,
        "the server does not let the session choose its worker program "
          + "(\(WorkerSettings.executable)): "
          + "\(error.message)",
        cause: error)
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
}

extension SparkSession {
  /// Connects and makes the program's functions usable in the session's queries.
  ///
  /// - Throws: ``SparkError`` if no server answers or it refuses.
  public static func openForFunctions(_ remote: String) async throws -> SparkSession {
    let session = try await connect(remote)
    let deployment = ProgramDeployment()
    session.prepareInlineCalls { session, calls in
      for call in calls {
        if call.arguments.isEmpty {
          try call.function.check([])
          continue
        }
        let schema = try await call.input.select(call.arguments).schema()
        try call.function.check(
          zip(call.arguments, schema).map { ($0.description, $1.type) })
      }
      try await deployment.ensure(session)
    }
    return session
  }
}

extension Machine {
  /// Whether the executors of the session's server run on this machine and see its files.
  package static func isThis(serverOf session: SparkSession) async throws -> Bool {
    guard session.isLocal, !identity.isEmpty, try await session.conf.get(setting) == identity,
      let master = try await session.conf.get("spark.master")
    else { return false }
    return master.hasPrefix("local") || master.hasPrefix("spark://127.0.0.1:")
      || master.hasPrefix("spark://localhost:")
  }
}
