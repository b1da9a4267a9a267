public import AccessTokens
import ArrowIPC
import FoundationEssentials
import GRPCCore
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization

/// A session on a Spark server, reached through Spark Connect.
///
/// ```swift
/// let spark = try await SparkSession.connect("sc://localhost")
/// try await spark.range(10).filter(col("id") > 5).show()
/// await spark.stop()
/// ```
public final class SparkSession: Sendable {
  /// Called with the progress of every execution.
  public typealias ProgressHandler = @Sendable (ExecutionProgress) -> Void
  /// Called before a plan with inline functions runs: uploads programs, checks schemas.
  package typealias Preparation = @Sendable (SparkSession, [InlineCall]) async throws -> Void

  struct State {
    var tags: Set<String> = []
    var progress: ProgressHandler?
    var progressStreams: [UUID: AsyncStream<ExecutionProgress>.Continuation] = [:]
    var preparation: Preparation?
    var streamCheck: (@Sendable (SparkSession) async throws -> Void)?
    var cloning: (@Sendable (SparkSession) -> Void)?
    var form: FunctionForm?
    var executionMode = ExecutionMode.auto
    var nextPlanID: Int64 = 0
    var observations: [String: KnownObservation] = [:]
    var isOfThisProcess = false
  }

  /// Identifies the session on the server. It changes when the server has lost the session and nothing with
  /// it: a session without settings, views, files and functions is opened again by itself.
  public var id: String { connection.serverSession.name }
  /// The server's Spark version, for example `4.3.0`.
  public let version: String
  let connection: SparkConnection
  let state = Mutex(State())
  let scanState = Mutex(ScanState())
  /// The hashes of the artifacts that were sent, by their names.
  let sentArtifacts = Mutex<[String: String]>([:])
  /// The ids of resource profiles, each of which is registered once in the session.
  let profileIDs = Mutex<[ResourceProfile: Task<Int, any Error>]>([:])

  init(version: String, connection: SparkConnection) {
    self.version = version
    self.connection = connection
  }

  /// Connects to the server that `remote` names (`sc://host:port/;...`).
  ///
  /// - Throws: ``SparkError`` if the string is wrong, no server answers within a few seconds, or the
  ///   token is refused.
  public static func connect(
    _ remote: String, retries: RetryPolicy = RetryPolicy()
  ) async throws -> SparkSession {
    try await connect(try ConnectionString(remote), retries: retries)
  }

  /// Connects to the server at `target`.
  ///
  /// - Throws: ``SparkError`` if no server answers within a few seconds or the token is refused.
  public static func connect(
    _ target: ConnectionString, retries: RetryPolicy = RetryPolicy()
  ) async throws -> SparkSession {
    try await open(target, tokens: nil, retries: retries)
  }

  /// Connects to the server at `target` with the tokens of a program's own provider, which is asked again
  /// before a token ends, and when the server refuses one.
  ///
  /// - Throws: ``SparkError`` if no server answers within a few seconds, there is no token, or it is
  ///   refused.
  public static func connect(
    _ target: ConnectionString, tokens: any TokenProvider, retries: RetryPolicy = RetryPolicy()
  ) async throws -> SparkSession {
    try await open(target, tokens: tokens, retries: retries)
  }

  private static func open(
    _ target: ConnectionString, tokens: (any TokenProvider)?, retries: RetryPolicy
  ) async throws -> SparkSession {
    let route = try await CloudRoute(to: target, tokens: tokens)
    let connection = try await SparkConnection.over(route, retries: retries)
    let target = connection.target
    let id = connection.serverSession.name
    do {
      let request: Spark_Connect_AnalyzePlanRequest = connection.request(id) {
        $0.sparkVersion = .init()
      }
      let response = try await connection.retrying(.connecting, session: nil) { metadata in
        try await connection.service.analyzePlan(
          request, metadata: metadata,
          options: connection.callOptions(within: .seconds(20)))
      }
      return SparkSession(version: response.sparkVersion.version, connection: connection)
    } catch var error as SparkError where error.kind == .server {
      connection.close()
      error.message =
        "the server at \(target.host):\(target.port) does not tell its version of Spark, for which a "
        + "session asks first: \(error.message)"
      throw error
    } catch {
      connection.close()
      throw error
    }
  }

  /// The id that the server gave its side of the session: another one means that the server was
  /// started again. `nil` if it tells none.
  public var serverSideID: String? { connection.serverSession.id }

  /// The server's Spark version as major and minor number.
  public var majorMinorVersion: (major: Int, minor: Int) {
    let numbers = version.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
    return (numbers.first ?? 4, numbers.count > 1 ? numbers[1] : 0)
  }

  /// Ends the session on the server, with all it runs, and closes the connection.
  public func stop() async {
    let request: Spark_Connect_ReleaseSessionRequest = connection.request(id)
    if let metadata = try? await connection.credentials().metadata {
      _ = try? await connection.service.releaseSession(
        request, metadata: metadata, options: connection.callOptions(within: .seconds(5)))
    }
    connection.close()
    for stream in state.withLock({ $0.progressStreams.values.map { $0 } }) { stream.finish() }
  }

  /// Reads and changes the session's settings.
  public var conf: RuntimeConfiguration { RuntimeConfiguration(session: self) }

  /// Reads tables and files.
  public var read: DataFrameReader { DataFrameReader(session: self) }

  /// Called with the progress of every execution in this session.
  public func onProgress(_ handler: ProgressHandler?) { state.withLock { $0.progress = handler } }

  /// The progress of the executions in this session from now on, until the loop over it is left.
  ///
  /// ```swift
  /// Task { for await progress in spark.progress { print(progress.completedTaskCount) } }
  /// ```
  public var progress: AsyncStream<ExecutionProgress> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: ExecutionProgress.self, bufferingPolicy: .bufferingNewest(64))
    let key = UUID()
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.progressStreams.removeValue(forKey: key) }
    }
    state.withLock { $0.progressStreams[key] = continuation }
    return stream
  }

  /// Tells everybody who wants to know; `nil` if nobody does.
  var progressHandler: ProgressHandler? {
    if Housekeeping.isActive { return nil }
    let (handler, streams) = state.withLock { ($0.progress, Array($0.progressStreams.values)) }
    if handler == nil, streams.isEmpty { return nil }
    return { progress in
      handler?(progress)
      for stream in streams { stream.yield(progress) }
    }
  }

  /// Sets what happens before a plan with inline functions runs.
  package func prepareInlineCalls(with preparation: @escaping Preparation) {
    state.withLock { $0.preparation = preparation }
  }

  /// In which form calls of functions are sent from now on; `nil` for that in which they are made.
  package var functionForm: FunctionForm? {
    get { state.withLock { $0.form } }
    set { state.withLock { $0.form = newValue } }
  }

  func prepare(_ calls: [InlineCall]) async throws {
    if calls.isEmpty { return }
    guard let preparation = state.withLock({ $0.preparation }) else {
      throw SparkError(
        .invalidArgument,
        "this session was not opened by a SparkProgram, so it cannot run the functions "
          + calls.map { "'\($0.function.name)'" }.joined(separator: ", "))
    }
    try await preparation(self, calls)
  }

  func nextPlanID() -> Int64 {
    state.withLock {
      $0.nextPlanID += 1
      return $0.nextPlanID
    }
  }

  // MARK: Tags and interruption

  /// Marks all later executions of this session with `tag`, by which they can be interrupted.
  public func addTag(_ tag: String) { state.withLock { _ = $0.tags.insert(tag) } }

  /// Leaves `tag` off later executions; those that run keep it.
  public func removeTag(_ tag: String) { state.withLock { _ = $0.tags.remove(tag) } }

  /// What later executions of this session are marked with.
  public var tags: Set<String> { state.withLock { $0.tags } }

  /// Interrupts everything that the session runs; returns the operations' ids.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  @discardableResult
  public func interruptAll() async throws -> [String] {
    try await interrupt { $0.interruptType = .all }
  }

  /// Interrupts what runs under `tag`.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  @discardableResult
  public func interrupt(tag: String) async throws -> [String] {
    try await interrupt {
      $0.interruptType = .tag
      $0.operationTag = tag
    }
  }

  /// Interrupts one operation.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  @discardableResult
  public func interrupt(operation: String) async throws -> [String] {
    try await interrupt {
      $0.interruptType = .operationID
      $0.operationID = operation
    }
  }

  private func interrupt(
    _ target: @Sendable (inout Spark_Connect_InterruptRequest) -> Void
  ) async throws -> [String] {
    try await connection.answer(target) {
      try await $0.interrupt($1, metadata: $2, options: $3)
    }.interruptedIds
  }

  // MARK: Analysis

  func analyze(
    _ fill: (inout Spark_Connect_AnalyzePlanRequest) -> Void
  ) async throws -> Spark_Connect_AnalyzePlanResponse {
    try await connection.answer(fill) {
      try await $0.analyzePlan($1, metadata: $2, options: $3)
    }
  }
}

extension SparkSession {
  /// Whether the connection ends on this machine: at the server, or at a port that is forwarded to
  /// it.
  package var isLocal: Bool {
    ["localhost", "127.0.0.1", "::1"].contains(connection.target.host)
  }

  /// Whether the Spark was started by this process, and ends with it, however that ends.
  package var isOfThisProcess: Bool {
    get { state.withLock { $0.isOfThisProcess } }
    set { state.withLock { $0.isOfThisProcess = newValue } }
  }

  /// The server's host and port.
  package var serverAddress: String { "\(connection.target.host):\(connection.target.port)" }
}
