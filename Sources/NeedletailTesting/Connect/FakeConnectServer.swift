package import ArrowIPC
package import FoundationEssentials
package import GRPCCore
package import GRPCNIOTransportHTTP2Posix
package import GRPCProtobuf
package import SparkConnectProtocol
import SwiftProtobuf
package import Synchronization

/// A Spark Connect server without Spark or Java, on a port of this machine, for tests of programs
/// that talk to one.
///
/// ```swift
/// let server = FakeConnectServer()
/// server.answer(with: [batch])
/// let spark = try await SparkSession.connect(try await server.remote)
/// #expect(try await spark.table("t").count() == 3)
/// ```
/// It answers every query with the batches it was given, takes artifacts and settings, and records
/// them. It computes nothing.
public final class FakeConnectServer: Sendable {
  /// What an execution does before its result is complete.
  package enum Step: Sendable {
    /// Sends a response.
    case respond(Spark_Connect_ExecutePlanResponse)
    /// Ends the stream in the way of a lost connection; the client must attach again.
    case loseConnection
    /// Ends the stream without an error, as the server does with long ones.
    case endStream
    /// Fails the execution.
    case fail(GoogleRPCStatus)
    /// Waits until the operation is interrupted, then fails it.
    case waitForInterrupt
  }

  package struct Artifact: Sendable, Equatable {
    package var name: String
    package var bytes: Data
    package var chunkSizes: [Int]
  }

  package struct Log: Sendable {
    package var executions: [Spark_Connect_ExecutePlanRequest] = []
    package var reattachments: [Spark_Connect_ReattachExecuteRequest] = []
    package var releases: [Spark_Connect_ReleaseExecuteRequest] = []
    package var interrupts: [Spark_Connect_InterruptRequest] = []
    package var artifacts: [Artifact] = []
    package var settings: [String: String] = [:]
    package var headers: [Metadata] = []
    package var releasedSessions: [String] = []
    /// Responses of executions that have left the server.
    package var sentResponseCount = 0
  }

  package struct State: Sendable {
    package var log = Log()
    package var operations: [String: Operation] = [:]
    package var script: @Sendable (Spark_Connect_Plan) throws -> [Step] = { _ in [] }
    package var schema: @Sendable (Spark_Connect_Plan) throws -> Spark_Connect_DataType = { _ in
      .init()
    }
    /// The files that each query reads.
    package var inputFiles: [String] = []
    /// How each query is explained.
    package var explanation = "== Physical Plan =="
    package var errors: [String: Spark_Connect_FetchErrorDetailsResponse] = [:]
    /// Thrown by the next so many requests of any kind.
    package var failures: [any Error] = []
    /// ExecutePlan requests that get lost on their way.
    package var lostExecutions = 0
    /// The settings that have values before a session sets them. A `spark.master` tells that this is a Spark.
    package var defaults = ["spark.master": "yarn"]
    package var artifactFailure: GoogleRPCStatus?
    package var damagesArtifacts = false
    /// Releases and requests for an error's details are never answered.
    package var isSilent = false
    package var cachedArtifacts: Set<String> = []
    /// The id of the server's side of all sessions; empty for a server that tells none.
    package var serverSession = UUID().uuidString
    /// Whether a call's bearer token is good, if it is not the one of the server.
    package var takesToken: (@Sendable (String?) -> Bool)?
    /// Why the server has no session any more.
    package var lostSession: GoogleRPCStatus?
  }

  package struct Operation: Sendable {
    package var responses: [(id: String, step: Step)]
    package var firstKept = 0
    package var broken: Set<Int> = []
    package var isInterrupted = false
  }

  package let state = Mutex(State())
  let token: String?
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let transport: HTTP2ServerTransport.Posix
  private let running: Task<Void, any Error>

  /// Starts a server on a free port of 127.0.0.1.
  ///
  /// - Parameters:
  ///   - token: what clients must send as a bearer token; `nil` for none.
  ///   - version: the version of Spark that the server pretends to be.
  public convenience init(token: String? = nil, version: String = "4.3.0") {
    self.init(token: token, version: version, security: .plaintext)
  }

  /// Starts a server on a free port.
  package init(
    token: String? = nil, version: String = "4.3.0",
    security: HTTP2ServerTransport.Posix.TransportSecurity, host: String = "127.0.0.1"
  ) {
    self.token = token
    let address: SocketAddress =
      host.contains(":") ? .ipv6(host: host, port: 0) : .ipv4(host: host, port: 0)
    transport = HTTP2ServerTransport.Posix(address: address, transportSecurity: security)
    let service = FakeConnectService(version: version)
    server = GRPCServer(
      transport: transport, services: [service], interceptors: [TokenCheck(service: service)])
    let server = server
    running = Task { try await server.serve() }
    service.owner.withLock { $0 = WeakServer(server: self) }
  }

  deinit { _ = Self.end(server, running) }

  /// Ends a server, for whose calls half a second is left: a call that arrives while the transport is
  /// cancelled stops the process in swift-nio ("Deinited NIOAsyncWriter without calling finish()").
  private static func end(
    _ server: GRPCServer<HTTP2ServerTransport.Posix>, _ running: Task<Void, any Error>
  ) -> Task<Void, Never> {
    server.beginGracefulShutdown()
    return Task {
      let limit = Task {
        try await Task.sleep(for: .milliseconds(500))
        running.cancel()
      }
      _ = await running.result
      limit.cancel()
    }
  }

  /// The port, once the server listens.
  ///
  /// - Throws: what kept it from listening.
  public var port: Int {
    get async throws {
      let address = try await transport.listeningAddress
      return address.ipv4?.port ?? address.ipv6?.port ?? 0
    }
  }

  /// The connection string of the server, with its token.
  ///
  /// - Throws: what kept it from listening.
  public var remote: String {
    get async throws { "sc://127.0.0.1:\(try await port)/" + (token.map { ";token=\($0)" } ?? "") }
  }

  package var log: Log { state.withLock { $0.log } }

  /// Forgets settings, views, artifacts and running queries, as a server does that is started again.
  public func restart() {
    state.withLock { state in
      state.serverSession = UUID().uuidString
      state.operations = [:]
      state.cachedArtifacts = []
      state.log.settings = [:]
    }
  }

  /// Ends all sessions, as a server does with those that nobody has used for its time-out.
  public func expireSessions() {
    state.withLock {
      $0.lostSession = .spark(
        "[INVALID_HANDLE.SESSION_CLOSED] The handle is invalid. Session was closed. SQLSTATE: HY000",
        condition: "INVALID_HANDLE.SESSION_CLOSED")
    }
  }

  /// Sets what executions do.
  package func onExecute(_ script: @escaping @Sendable (Spark_Connect_Plan) throws -> [Step]) {
    state.withLock { $0.script = script }
  }

  /// Ends the server.
  public func stop() async { await Self.end(server, running).value }
}

struct WeakServer: Sendable { weak let server: FakeConnectServer? }

/// Refuses requests without the server's token, and fails the requests that the test wants to fail.
private struct TokenCheck: ServerInterceptor {
  let service: FakeConnectService

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next:
      @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
      StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    let server = try service.server()
    let failure = server.state.withLock { state -> (any Error)? in
      state.log.headers.append(request.metadata)
      return state.failures.isEmpty ? nil : state.failures.removeFirst()
    }
    if let failure { throw failure }
    let shown = request.metadata[stringValues: "authorization"].first { $0.hasPrefix("Bearer ") }
      .map { String($0.dropFirst("Bearer ".count)) }
    let takes =
      server.state.withLock { $0.takesToken } ?? { server.token == nil || $0 == server.token }
    // Spark's own words.
    guard takes(shown) else {
      throw RPCError(
        code: .unauthenticated,
        message: shown == nil
          ? "No authentication token provided" : "Invalid authentication token")
    }
    return try await next(request, context)
  }
}

extension Spark_Connect_ExecutePlanResponse {
  /// A response with a batch of rows.
  package static func batch(_ batch: RecordBatch) throws -> Self {
    let bytes = try ArrowStreamWriter.bytes([batch], schema: batch.schema)
    return .with {
      $0.arrowBatch.rowCount = Int64(batch.rowCount)
      $0.arrowBatch.data = Data(bytes)
    }
  }
}

extension GoogleRPCStatus {
  /// An error as Spark reports it.
  package static func spark(
    _ message: String, condition: String? = nil, id: String? = nil
  ) -> GoogleRPCStatus {
    var metadata: [String: String] = [:]
    if let condition { metadata["errorClass"] = condition }
    if let id { metadata["errorId"] = id }
    return GoogleRPCStatus(
      code: .internalError, message: message,
      details: .errorInfo(
        reason: "org.apache.spark.SparkException", domain: "org.apache.spark", metadata: metadata))
  }
}
