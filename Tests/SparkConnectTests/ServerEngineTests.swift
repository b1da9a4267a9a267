import ArrowIPC
import Foundation
import GRPCCore
import NeedletailTesting
import SparkConnectProtocol
import Synchronization
import Testing

@testable import SparkConnect

/// Servers on which no function can run: old ones, and other engines that speak Spark Connect.
///
/// What Sail says here is what pysail 0.7.2 has answered to these requests.
struct ServerEngineTests {
  @Test(
    "what versions of Spark are supported",
    arguments: [
      ("3.5.9", .tooOld), ("4.0.0", .supported), ("4.3.0-SNAPSHOT", .supported),
      ("4.4.0", .newer), ("5.0", .newer), ("17.3.x-scala2.13", .newer), ("sail", nil), ("", nil),
    ] as [(String, SparkVersion.Support?)])
  func versions(_ text: String, _ support: SparkVersion.Support?) {
    #expect(SparkVersion(text)?.support == support)
  }

  /// A server that has no `spark.master`, and answers a query as `version()` and `current_catalog()`.
  private static func server(
    telling told: String, version: String, catalog: String
  ) throws -> FakeConnectServer {
    let server = FakeConnectServer(version: told)
    server.state.withLock { $0.defaults = [:] }
    try server.answer(with: [
      try RecordBatch([("version", .strings([version])), ("catalog", .strings([catalog]))])
    ])
    return server
  }

  private static let ownVersion = "4.1.3 2f2ad9aa9b3e4dd7ea3fb2b4c1bd9b5fd49bb8c3"

  @Test(
    "an engine is another one by its own version",
    arguments: [
      ("4.1.3", "0.7.2", "sail", ServerEngine(version: "0.7.2", catalog: "sail")),
      ("3.5.9", "0.7.2", "sail", ServerEngine(version: "0.7.2", catalog: "sail")),
      ("4.1.3", ownVersion, "spark_catalog", nil),
    ] as [(String, String, String, ServerEngine?)])
  func engines(
    _ told: String, _ version: String, _ catalog: String, _ engine: ServerEngine?
  ) async throws {
    let server = try Self.server(telling: told, version: version, catalog: catalog)
    try await withSession(on: server) { session, server in
      let found = try await session.otherEngine()
      #expect(found == engine)
      let refusal = try await session.refusalOfFunctions()
      #expect((refusal == nil) == (engine == nil))
    }
  }

  @Test("a server that does not say what it is is taken for Spark")
  func silence() async throws {
    let server = FakeConnectServer()
    server.state.withLock { $0.defaults = [:] }
    server.onExecute { _ in [.fail(.spark("no such function"))] }
    try await withSession(on: server) { session, _ in
      let refusal = try await session.refusalOfFunctions()
      #expect(refusal == nil)
    }
  }

  @Test("a Spark is not asked by a query")
  func sparkIsNotAsked() async throws {
    try await withSession { session, server in
      try await session.requireFunctions()
      #expect(server.log.executions.isEmpty)
    }
  }

  @Test("why functions are refused, and what to do")
  func refusals() async throws {
    let sail = try Self.server(telling: "4.1.3", version: "0.7.2", catalog: "sail")
    for (server, reason) in [
      (
        sail,
        "another engine that speaks Spark Connect (its version() is '0.7.2', its catalog 'sail')"
      ),
      (FakeConnectServer(version: "3.5.9"), "is Spark 3.5.9, whose workers speak another protocol"),
    ] {
      try await withSession(on: server) { session, _ in
        let error = await sparkError { try await session.requireFunctions() }
        #expect(error.kind == .invalidArgument)
        #expect(error.message.contains(reason), "\(error.message)")
        #expect(error.message.contains("tables and SQL work there"), "\(error.message)")
        #expect(error.message.contains("Name a Spark 4.0 to 4.3 with --remote"))
      }
    }
  }

  @Test("a file that another engine does not take")
  func artifact() async throws {
    let sail = try Self.server(telling: "4.1.3", version: "0.7.2", catalog: "sail")
    sail.state.withLock { $0.artifactFailure = .spark("handle add artifacts") }
    try await withSession(on: sail) { session, _ in
      let error = await sparkError {
        try await session.addArtifact(named: "files/digits.onnx", .init([1, 2]))
      }
      #expect(error.kind == .artifact)
      #expect(
        error.message.contains("'files/digits.onnx': handle add artifacts; the server at 127."))
      #expect(error.message.contains("is not Spark but another engine"), "\(error.message)")
    }
  }

  @Test(
    "a server that does not tell its version",
    arguments: [
      "invalid argument: failed to get PySpark version: ModuleNotFoundError: No module named 'pyspark'",
      "invalid argument: unsupported PySpark version: 4.3.0",
    ])
  func noVersion(_ said: String) async throws {
    let server = FakeConnectServer()
    let port = try await server.port
    server.state.withLock { $0.failures = [RPCError(code: .internalError, message: said)] }
    let error = await sparkError {
      _ = try await SparkSession.connect("sc://127.0.0.1:\(port)", retries: quickRetries)
    }
    #expect(error.kind == .server)
    #expect(error.message.hasPrefix("the server at 127.0.0.1:\(port) does not tell its version"))
    #expect(error.message.hasSuffix(said))
    await server.stop()
  }
}
