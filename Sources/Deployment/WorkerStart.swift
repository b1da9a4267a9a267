import FoundationEssentials
import HostProcesses
import Logging
package import SparkConnect

/// How the executors of a session are told to start the program.
struct WorkerStart: Sendable {
  let session: SparkSession
  let probe: ProgramDeployment.Probe
  private let log = Logger(label: "needletail.execution")
  /// What the executors start, a path there or a place in the session's files.
  private(set) var worker = ""
  private var id = ""

  init(session: SparkSession, probe: @escaping ProgramDeployment.Probe) {
    self.session = session
    self.probe = probe
  }

  private var isShim: Bool { session.functionForm != nil }

  /// Says which program the executors shall start.
  ///
  /// - Parameters:
  ///   - worker: its path there, or its place in the session's files.
  ///   - id: tells it from other programs.
  mutating func choose(worker: String, id: String) async throws {
    (self.worker, self.id) = (worker, id)
    if session.executionMode == .shim { return try await useShim() }
    do {
      try await session.conf.set(WorkerSettings.executable, worker)
    } catch let error as SparkError where error.isRefusal {
      let reason =
        "the server does not let the session choose its worker program "
        + "(\(WorkerSettings.executable)): \(error.message)"
      guard session.executionMode == .auto else {
        throw NeedletailError(
          .session,
          reason + "; let its own Python pass the batches on: --execution-mode shim, in Swift "
            + "spark.executionMode = .shim", cause: error)
      }
      try await useShim()
      tellShim(reason)
    }
  }

  /// Tries with a row whether the executors start the program, where that was not said; if they do not,
  /// and do through Python, it is that from now on.
  func confirm() async throws {
    guard session.executionMode == .auto, !isShim else { return }
    let failure: String
    do {
      if try await probe(session) {
        log.debug("direct: the executors start the program; a row came back")
        return
      }
      failure = "a row did not come back"
    } catch let error as SparkError where error.kind == .server {
      failure = "\(error)"
      try checkShortfall(error)
    }
    // Python's words say that it was started instead, and which it is.
    let python = ExecutorPython.version(inRefusal: failure)
    let chosen = try await session.conf.get(WorkerSettings.executable)
    try await session.conf.unset(WorkerSettings.executable)
    do {
      try await useShim(python)
      if try await probe(session) {
        return tellShim(
          python.map { "the executors start their Python \($0) whatever the session sets" }
            ?? "the executors do not start it as their worker: \(Self.line(failure))")
      }
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      log.debug("shim: \(error)")
      // Python tells what the program says as it starts, which Spark does not.
      do {
        try checkShortfall(error)
      } catch {
        session.functionForm = nil
        throw error
      }
    }
    // It is something else, which the query tells as it is.
    session.functionForm = nil
    if let chosen { try await session.conf.set(WorkerSettings.executable, chosen) }
  }

  /// - Throws: what the executors lack, if `error` has the words for it.
  private func checkShortfall(_ error: any Error) throws {
    guard let sentence = ProgramShortfall.sentence(for: "\(error)") else { return }
    throw NeedletailError(.session, sentence, cause: error)
  }

  /// Sets what makes queries faster and no different; a server may refuse it.
  func prefer(_ key: String, _ value: String) async throws {
    do {
      try await session.conf.set(key, value)
    } catch let error as SparkError where isShim && error.isRefusal {
      log.debug("\(key) stays as it is: \(error.message)")
    }
  }

  /// - Parameter python: the version of the executors' Python, if it is known.
  private func useShim(_ python: String? = nil) async throws {
    if let python { return session.functionForm = form(python) }
    let version = try await ExecutorPython.version { version in
      session.functionForm = form(version)
      defer { session.functionForm = nil }
      _ = try await probe(session)
    }
    session.functionForm = form(version)
  }

  private func form(_ version: String) -> FunctionForm {
    ShimForm(
      program: worker, id: id, pythonVersion: version, spark: session.majorMinorVersion
    ).functionForm
  }

  /// The last line of an error: that is where Java and Python say what it was.
  private static func line(_ text: String) -> String {
    String((text.split(whereSeparator: \.isNewline).last { !$0.hasPrefix("\t") } ?? "").prefix(300))
  }

  private func tellShim(_ reason: String) {
    session.shimReason = reason
    let choice = "execution mode shim: the executors' own Python passes the batches to the program"
    log.notice("\(choice), since \(reason)")
  }
}

extension SparkError {
  /// Whether the server has answered, and says no.
  package var isRefusal: Bool { kind == .server || kind == .unauthenticated }
}
