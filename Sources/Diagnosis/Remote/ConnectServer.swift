import ArrowIPC
import Deployment
import FoundationEssentials
import ProgramFunctions
import SparkConnect
import Synchronization

/// A real server, with one session in which all is tried.
final class ConnectServer: ServerAccess {
  private struct State {
    /// The address, once a cloud has told it.
    var target: ConnectionString?
    var session: SparkSession?
    var executors: [ExecutorFacts]?
    // A failure, too: a library that ends the process would do so again for each that is asked for.
    var runtimes: Result<[ExecutorRuntimes], any Error>?
  }

  private let remote: String
  private let mode: ExecutionMode?
  private let state = Mutex(State())

  /// - Parameters:
  ///   - remote: the connection string.
  ///   - mode: how executors run the program; `nil` for what the environment says.
  init(_ remote: String, mode: ExecutionMode? = nil) {
    self.remote = remote
    self.mode = mode
  }

  func target() throws -> ConnectionString {
    if let known = state.withLock({ $0.target }) { return known }
    return try ConnectionString(remote)
  }

  func resolve() async throws -> ConnectionString {
    let target = try await ConnectionString(remote).resolved()
    state.withLock { $0.target = target }
    return target
  }

  func address() throws -> String {
    let target = try target()
    return try ServerGreeting.address(of: target.host, port: target.port)
  }

  func connect() async throws {
    let target = try target()
    try await ServerGreeting.connect(to: target.host, port: target.port)
  }

  func greeting() async throws -> Greeting {
    let target = try target()
    return try await target.useTLS
      ? ServerGreeting.withTLS(target) : ServerGreeting.inTheClear(target)
  }

  func open() async throws {
    let session = try await SparkSession.openForFunctions(remote)
    if let mode { session.executionMode = mode }
    state.withLock { $0.session = session }
  }

  func version() throws -> String { try session().version }

  func otherEngine() async throws -> ServerEngine? { try await session().otherEngine() }

  private func session() throws -> SparkSession {
    guard let session = state.withLock({ $0.session }) else {
      throw SparkError(.session, "there is no session with the server")
    }
    return session
  }

  func executionMode() throws -> ExecutionMode { try session().executionMode }

  func chosenMode() throws -> ChosenMode {
    let session = try session()
    return session.functionForm == nil ? .direct : .shim(reason: session.shimReason)
  }

  func set(_ key: String, _ value: String) async throws {
    let session = try session()
    try await session.conf.set(key, value)
    try await session.conf.unset(key)
  }

  func send(_ byteCount: Int) async throws {
    try await session().addArtifact(
      named: "files/needletail-doctor-\(byteCount).bin", Data(count: byteCount))
  }

  func executors() async throws -> [ExecutorFacts] {
    if let known = state.withLock({ $0.executors }) { return known }
    let found = try await answers(to: .facts, as: ExecutorFacts.self)
    state.withLock { $0.executors = found }
    return found
  }

  func runtimes() async throws -> [ExecutorRuntimes] {
    if let known = state.withLock({ $0.runtimes }) { return try known.get() }
    let found: Result<[ExecutorRuntimes], any Error>
    do {
      found = .success(try await answers(to: .runtimes, as: ExecutorRuntimes.self))
    } catch {
      found = .failure(error)
    }
    state.withLock { $0.runtimes = found }
    return try found.get()
  }

  /// The answers of workers, of each process one.
  private func answers<Answer: WorkerAnswer>(
    to wish: ExecutorProbe.Request.Wish, as type: Answer.Type
  ) async throws -> [Answer] {
    // Without a number of partitions Spark makes as many as the executors have cores.
    let tasks = try session().range(0, 1 << 16)
    let rows = try await tasks.mapPartitions(
      .batches(
        ExecutorProbe(), ExecutorProbe.Request(wish: wish), returning: ExecutorProbe.answer),
      columns: [column(named: "id")]
    ).collect()
    var seen: Set<String> = []
    return try rows.compactMap { row in
      let text = try row.get("answer", as: String.self)
      let answer = try JSONDecoder().decode(type, from: Data(text.utf8))
      let worker = "\(answer.process) on \(answer.hostName)"
      return seen.insert(worker).inserted ? answer : nil
    }
  }

  func roundTrip(rows: Int) async throws -> Duration {
    let table = try session().range(0, rows, partitions: 1).mapPartitions(
      .batches(ExecutorProbe(), ExecutorProbe.Request(wish: .echo), returning: ExecutorProbe.echo),
      columns: [column(named: "id")])
    let start = ContinuousClock.now
    let batches = try await table.collectBatches()
    let time = ContinuousClock.now - start
    var next: Int64 = 0
    for batch in batches {
      for row in 0..<batch.rowCount {
        guard case .int(next)? = batch.columns.first?.value(at: row) else {
          throw SparkError(.result, "row \(next) came back as another one")
        }
        next += 1
      }
    }
    guard next == Int64(rows) else {
      throw SparkError(.result, "\(next) rows came back of \(rows)")
    }
    return time
  }

  func close() async {
    let session = state.withLock { state in
      defer { state.session = nil }
      return state.session
    }
    await session?.stop()
  }
}
