import Foundation
import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import SparkConnect

/// Sessions that a server loses.
struct ServerSessionTests {
  /// Every kind of request.
  private static let requests: [(String, @Sendable (SparkSession) async throws -> Void)] = [
    ("setting", { try await $0.conf.set("a", "b") }),
    ("reading a setting", { _ = try await $0.conf.get("a") }),
    ("query", { _ = try await $0.table("t").collect() }),
    ("schema", { _ = try await $0.table("t").schema() }),
    ("upload", { try await $0.addArtifact(named: "files/x", Data([1])) }),
    ("status of an upload", { _ = try await $0.hasArtifact("cache/x") }),
    ("interruption", { _ = try await $0.interruptAll() }),
    ("view", { try await $0.table("t").createOrReplaceTempView("v") }),
  ]

  @Test("every request tells which session of the server it means")
  func observed() async throws {
    try await withSession { session, server in
      let id = try #require(session.serverSideID)
      #expect(id == server.state.withLock { $0.serverSession })
      _ = try await session.table("t").collect()
      #expect(server.log.executions.map(\.clientObservedServerSideSessionID) == [id])
    }
  }

  @Test("a restart is told by the next request, whatever it is", arguments: requests.indices)
  func restart(request: Int) async throws {
    try await withSession { session, server in
      try await session.conf.set("spark.sql.shuffle.partitions", "3")
      server.restart()
      for _ in 0..<2 {
        let error = await sparkError { try await Self.requests[request].1(session) }
        #expect(error.kind == .session, "\(error)")
        #expect(error.condition == "INVALID_HANDLE.SESSION_CHANGED")
        #expect(error.message.contains("was started again"))
        #expect(error.message.contains("settings, temporary views"))
        #expect(error.message.contains("Open a new session"))
      }
      // Nothing was done in the empty session that the server would have opened.
      #expect(server.settings.isEmpty)
      #expect(server.log.executions.isEmpty)
      #expect(server.artifacts.isEmpty)
    }
  }

  @Test("a new session after the restart works")
  func reopened() async throws {
    try await withSession { session, server in
      try await session.conf.set("b", "c")
      server.restart()
      _ = await sparkError { _ = try await session.conf.get("a") }
      let again = try await SparkSession.connect(try await server.remote, retries: quickRetries)
      #expect(again.serverSideID != session.serverSideID)
      try await again.conf.set("a", "b")
      #expect(server.settings == ["a": "b"])
      await again.stop()
    }
  }

  @Test("a session in which nothing was is opened again by itself", arguments: requests.indices)
  func reopenedByItself(request: Int) async throws {
    try await withSession { session, server in
      server.state.withLock { $0.schema = { _ in .with { $0.struct = .init() } } }
      let (name, id) = (session.id, session.serverSideID)
      _ = try await session.table("t").collect()
      server.restart()
      try await Self.requests[request].1(session)
      #expect(session.id != name && session.serverSideID != id)
      // What is in it now is not let go of without a word.
      try await session.conf.set("a", "b")
      server.restart()
      let error = await sparkError { _ = try await session.conf.get("a") }
      #expect(error.kind == .session && error.message.contains("settings, temporary views"))
    }
  }

  @Test("a session whose id somebody chose is not opened under another")
  func chosenID() async throws {
    let id = UUID().uuidString.lowercased()
    try await withSession(parameters: "session_id=\(id)") { session, server in
      server.restart()
      let error = await sparkError { _ = try await session.conf.get("a") }
      #expect(error.kind == .session && session.id == id)
    }
  }

  @Test("a query that may have run already is not begun again in a new session")
  func restartAfterLostRequest() async throws {
    try await withSession { session, server in
      server.onExecute { _ in
        server.restart()
        return [.loseConnection]
      }
      let error = await sparkError { _ = try await session.table("t").collect() }
      #expect(error.kind == .session, "\(error)")
      #expect(server.log.executions.count == 1)
    }
  }

  @Test("an expired session is told, with what to do against it", arguments: requests.indices)
  func expired(request: Int) async throws {
    try await withSession { session, server in
      server.expireSessions()
      for _ in 0..<2 {
        let error = await sparkError { try await Self.requests[request].1(session) }
        #expect(error.kind == .session, "\(error)")
        #expect(error.condition == "INVALID_HANDLE.SESSION_CLOSED")
        #expect(error.message.contains("has expired"))
        #expect(error.message.contains("spark.connect.session.manager.defaultSessionTimeout"))
        #expect(!error.description.contains("SESSION_CLOSED"))
      }
    }
  }

  @Test("a restart within a query ends it, and it does not begin again in the empty session")
  func restartWithinQuery() async throws {
    try await withSession { session, server in
      let batch = try numbers(0..<3)
      server.onExecute { _ in
        server.state.withLock { state in
          state.script = { _ in
            Issue.record("the query began again")
            return []
          }
        }
        return [.respond(try .batch(batch)), .loseConnection]
      }
      let restarted = Mutex(false)
      let error = await sparkError {
        try await session.table("t").forEachBatch { _ in
          if restarted.withLock({ was in
            defer { was = true }
            return !was
          }) {
            server.restart()
          }
        }
      }
      #expect(error.kind == .session, "\(error)")
    }
  }

  @Test("a server that answers in another session without refusing is found out")
  func answeredByAnother() async throws {
    try await withSession { session, server in
      // An older server does not look at what the client observed.
      server.onExecute { _ in
        server.state.withLock { $0.serverSession = "another" }
        return []
      }
      let error = await sparkError { _ = try await session.table("t").collect() }
      #expect(error.kind == .session && error.condition == "INVALID_HANDLE.SESSION_CHANGED")
    }
  }

  @Test("a server that tells no ids is believed")
  func silentServer() async throws {
    let server = FakeConnectServer(version: "3.5.0")
    server.state.withLock { $0.serverSession = "" }
    try await withSession(on: server) { session, _ in
      #expect(session.serverSideID == nil)
      _ = try await session.table("t").collect()
      #expect(server.log.executions[0].clientObservedServerSideSessionID.isEmpty)
    }
  }
}
