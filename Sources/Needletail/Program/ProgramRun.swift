import FoundationEssentials
import HostProcesses
import LocalSpark
import ProgramFunctions
public import SparkConnect
public import SparkFunctions
import SparkScan
import SparkWorker

/// One run of a program as a driver: connection, local Spark, signals, progress, exit status.
public struct ProgramRun: Sendable {
  let functions: [any UserDefinedFunction]
  let remote: String?
  let mode: ExecutionMode?
  let showsProgress: Bool
  let body: @Sendable (SparkSession) async throws -> Void
  /// Settings that a Spark which is started for the run gets as it starts.
  package var startSettings: [String: String] = [:]

  /// - Parameters:
  ///   - functions: the functions that queries may use.
  ///   - remote: the server's connection string; `SPARK_REMOTE`, or else a local Spark, if `nil`.
  ///   - mode: how executors run the functions; `nil` for what `NEEDLETAIL_EXECUTION_MODE` says, else
  ///     ``ExecutionMode/auto``.
  ///   - showsProgress: whether long jobs draw a bar on a terminal.
  ///   - body: what to do.
  public init(
    functions: [any UserDefinedFunction], remote: String?, mode: ExecutionMode? = nil,
    showsProgress: Bool = true,
    body: @escaping @Sendable (SparkSession) async throws -> Void
  ) {
    self.functions = functions
    self.remote = remote
    self.mode = mode
    self.showsProgress = showsProgress
    self.body = body
  }

  /// Runs and tells how it went: 0, or `status` (1) after printing the error, or 130 after Ctrl-C.
  public func exitStatus(
    of status: @Sendable (any Error) -> Int32 = { _ in 1 }
  ) async -> Int32 {
    await InterruptibleWork { try await run() }.exitStatus(of: status)
  }

  /// Runs and throws what went wrong.
  ///
  /// - Throws: `InferenceError` if two functions have the same name, `SparkError` if no Spark can
  ///   be reached or started, and what the body throws.
  public func run() async throws {
    _ = try Program.start(own: functions)
    let named = remote ?? ProcessInfo.processInfo.environment["SPARK_REMOTE"]
    if let named, !named.isEmpty {
      return try await run(on: named, mode)
    }
    let master = ProcessInfo.processInfo.environment["NEEDLETAIL_MASTER"] ?? "local[*]"
    if showsProgress, !Activity.isObserved, Terminal.error.replacesLines {
      StatusLine.shared.showActivities()
    }
    let counts = showsProgress ? Self.rowCounts() : nil
    defer { counts?.remove() }
    var options = LocalSpark.Options(master: master, configuration: startSettings)
    options.variables = counts?.variables ?? [:]
    let spark = try await LocalSpark.start(options)
    defer { spark.stop() }
    // It is known to let sessions choose.
    let isOpen = mode ?? .auto == .auto && !ExecutionMode.isInEnvironment
    try await run(on: spark.remote, isOpen ? .direct : mode, counts, isOfThisProcess: true)
  }

  /// Counts of rows for this process, once those of processes that were killed are gone.
  private static func rowCounts() -> RowCounts? {
    guard let own = ProcessIdentity(pid: ProcessInfo.processInfo.processIdentifier) else {
      return nil
    }
    return RowCounts(owner: "\(own)") { owner in
      ProcessIdentity(owner).map { !$0.isAlive } ?? false
    }
  }

  private func run(
    on remote: String, _ mode: ExecutionMode?, _ counts: RowCounts? = nil,
    isOfThisProcess: Bool = false
  ) async throws {
    let session = try await Activity.during("connecting to Spark") {
      try await SparkSession.openForFunctions(remote)
    }
    session.isOfThisProcess = isOfThisProcess
    session.planNativeScans()
    if let mode { session.executionMode = mode }
    let count = { @Sendable in counts?.rows }
    let bar =
      showsProgress
      ? (Activity.isObserved
        ? ProgressBar.onStandardError(countRows: count) : ProgressBar.onTerminal(countRows: count))
      : nil
    if let bar { session.onProgress { bar.show($0) } }
    do {
      try await body(session)
      bar?.clear()
      await session.stop()
    } catch {
      bar?.clear()
      // A cancelled task cannot speak with the server; the farewell gets one of its own.
      await Task.detached { await session.stop() }.value
      throw error
    }
  }
}
