import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NeedletailTesting
import SparkConnectProtocol
import Synchronization
import Testing

@testable import SparkConnect

struct ConnectionTests {
  @Test("a server that is not there is told quickly, with its address")
  func deadServer() async throws {
    let start = ContinuousClock.now
    let error = await sparkError { _ = try await SparkSession.connect("sc://127.0.0.1:1") }
    #expect(ContinuousClock.now - start < .seconds(5))
    #expect(error.kind == .unavailable)
    #expect(error.message.contains("127.0.0.1:1"))
    #expect(error.message.contains("use_ssl=false"))
    #expect((error.cause as? RPCError)?.code == .unavailable)
  }

  @Test("a host that does not exist is told quickly")
  func unknownHost() async throws {
    let error = await sparkError { _ = try await SparkSession.connect("sc://no-such-host.invalid") }
    #expect(error.kind == .unavailable)
    #expect(error.message.contains("no-such-host.invalid:15002"))
  }

  @Test("the right token opens the session, a wrong one says what to do")
  func token() async throws {
    let server = FakeConnectServer(token: "right")
    let port = try await server.port
    let session = try await SparkSession.connect("sc://localhost:\(port)/;token=right")
    #expect(session.version == "4.3.0")
    await session.stop()
    for parameters in ["token=wrong", ""] {
      let error = await sparkError {
        _ = try await SparkSession.connect(
          try ConnectionString("sc://localhost:\(port)/;\(parameters)", environment: [:]))
      }
      #expect(error.kind == .unauthenticated)
      #expect(error.message.contains("SPARK_CONNECT_AUTHENTICATE_TOKEN"))
      #expect(!error.message.contains("token=wrong"))
    }
    await server.stop()
  }

  @Test("headers, user, agent and session id arrive")
  func headers() async throws {
    let id = UUID().uuidString.lowercased()
    let parameters = "x-team=vision%20lab;user_id=ann;user_agent=mine;session_id=\(id)"
    try await withSession(parameters: parameters) { session, server in
      #expect(session.id == id)
      #expect(server.log.headers.allSatisfy { $0[stringValues: "x-team"].contains("vision lab") })
      server.onExecute { _ in [] }
      _ = try await session.range(1).collect()
      let request = server.log.executions[0]
      #expect(request.sessionID == id)
      #expect(request.userContext.userID == "ann")
      #expect(request.clientType.hasPrefix("mine "))
    }
  }

  @Test("one connection serves IPv6 hosts")
  func ipv6() async throws {
    let server = FakeConnectServer(security: .plaintext, host: "::1")
    guard let port = try? await server.port else { return }
    let session = try await SparkSession.connect("sc://[::1]:\(port)")
    #expect(session.version == "4.3.0")
    await session.stop()
    await server.stop()
  }

  @Test("stopping releases the session on the server")
  func release() async throws {
    let server = FakeConnectServer()
    let id = try await withSession(on: server) { session, _ in session.id }
    #expect(server.log.releasedSessions == [id])
  }

  @Test("a server that comes back is used again")
  func serverThatFailsAWhile() async throws {
    try await withSession { session, server in
      let error = RPCError(code: .unavailable, message: "starting")
      server.state.withLock { $0.failures = [error, error] }
      let isModifiable = try await session.conf.isModifiable("x")
      #expect(isModifiable)
    }
  }

  @Test("settings")
  func settings() async throws {
    try await withSession { session, server in
      try await session.conf.set(["b.x": "1", "b.y": "2", "c": "3"])
      #expect(try await session.conf.get("b.x") == "1")
      #expect(try await session.conf.get("none") == nil)
      #expect(try await session.conf.getAll(prefix: "b.") == ["b.x": "1", "b.y": "2"])
      try await session.conf.unset("b.x")
      #expect(server.log.settings == ["b.y": "2", "c": "3"])
    }
  }

  @Test(
    "the version's numbers", arguments: [("4.3.0", 4, 3), ("4.10.1-SNAPSHOT", 4, 10), ("5", 5, 0)])
  func version(text: String, major: Int, minor: Int) async throws {
    let server = FakeConnectServer(version: text)
    try await withSession(on: server) { session, _ in
      #expect(session.majorMinorVersion == (major, minor))
    }
  }
}
