import ArrowIPC
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization

/// A Spark Connect server without Spark, on a port of this machine: it records what it is asked,
/// answers executions from a script, and breaks connections where the test wants it.
final class FakeConnectServer: Sendable {
  /// What an execution does before its result is complete.
  enum Step: Sendable {
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

  struct Artifact: Sendable, Equatable {
    var name: String
    var bytes: Data
    var chunkSizes: [Int]
  }

  struct Log: Sendable {
    var executions: [Spark_Connect_ExecutePlanRequest] = []
    var reattachments: [Spark_Connect_ReattachExecuteRequest] = []
    var releases: [Spark_Connect_ReleaseExecuteRequest] = []
    var interrupts: [Spark_Connect_InterruptRequest] = []
    var artifacts: [Artifact] = []
    var settings: [String: String] = [:]
    var headers: [Metadata] = []
    var releasedSessions: [String] = []
    /// Responses of executions that have left the server.
    var sentResponseCount = 0
  }

  struct State: Sendable {
    var log = Log()
    var operations: [String: Operation] = [:]
    var script: @Sendable (Spark_Connect_Plan) throws -> [Step] = { _ in [] }
    var schema: @Sendable (Spark_Connect_Plan) throws -> Spark_Connect_DataType = { _ in .init() }
    var errors: [String: Spark_Connect_FetchErrorDetailsResponse] = [:]
    /// Thrown by the next so many requests of any kind.
    var failures: [any Error] = []
    /// ExecutePlan requests that get lost on their way.
    var lostExecutions = 0
    var artifactFailure: GoogleRPCStatus?
    var damagesArtifacts = false
    /// Releases and requests for an error's details are never answered.
    var isSilent = false
    var cachedArtifacts: Set<String> = []
  }

  struct Operation: Sendable {
    var responses: [(id: String, step: Step)]
    var firstKept = 0
    var broken: Set<Int> = []
    var isInterrupted = false
  }

  let state = Mutex(State())
  let token: String?
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let transport: HTTP2ServerTransport.Posix
  private let running: Task<Void, any Error>

  /// Starts a server on a free port.
  init(
    token: String? = nil, version: String = "4.3.0",
    security: HTTP2ServerTransport.Posix.TransportSecurity = .plaintext, host: String = "127.0.0.1"
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

  deinit {
    server.beginGracefulShutdown()
    running.cancel()
  }

  /// The port, once the server listens.
  var port: Int {
    get async throws {
      let address = try await transport.listeningAddress
      return address.ipv4?.port ?? address.ipv6?.port ?? 0
    }
  }

  var log: Log { state.withLock { $0.log } }

  /// Sets what executions do.
  func onExecute(_ script: @escaping @Sendable (Spark_Connect_Plan) throws -> [Step]) {
    state.withLock { $0.script = script }
  }

  func stop() async {
    running.cancel()
    _ = await running.result
  }
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
    if let token = server.token,
      !request.metadata[stringValues: "authorization"].contains("Bearer \(token)")
    {
      throw RPCError(code: .unauthenticated, message: "Invalid token")
    }
    return try await next(request, context)
  }
}

extension Spark_Connect_ExecutePlanResponse {
  /// A response with a batch of rows.
  static func batch(_ batch: RecordBatch) throws -> Self {
    let bytes = try ArrowStreamWriter.bytes([batch], schema: batch.schema)
    return .with {
      $0.arrowBatch.rowCount = Int64(batch.rowCount)
      $0.arrowBatch.data = Data(bytes)
    }
  }
}

extension GoogleRPCStatus {
  /// An error as Spark reports it.
  static func spark(
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
