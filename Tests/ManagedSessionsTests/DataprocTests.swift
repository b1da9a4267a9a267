import AccessTokens
import FakeTokenServer
import Foundation
import Synchronization
import Testing
import Web

@testable import ManagedSessions

/// Sessions of Dataproc, asked for from a stand-in over TLS.
struct DataprocTests {
  private static let path = "/v1/projects/example.com%3Ap/locations/europe-west1/sessions"

  /// What comes of asking, with all pauses in seconds.
  private func endpoint(
    creation: String? = nil, tokens: NumberedTokens = NumberedTokens(),
    _ answer: @escaping @Sendable (FakeTokenServer.Request, Int) -> FakeTokenServer.Answer
  ) async throws -> (Result<CloudEndpoint, any Error>, [FakeTokenServer.Request], [Double]) {
    let folder = try Folder()
    let server = try await FakeTokenServer(tls: true, answer: answer)
    var settings = try WebSettings(environment: [:])
    settings.authorities = try folder.write(TestCertificates.authority, "ca.pem")
    let session = DataprocSession(
      project: "example.com:p", region: "europe-west1", name: "s-1",
      api: String(server.address.dropFirst("https://".count)), credentials: .google(nil),
      creation: creation)
    let pauses = Mutex<[Double]>([])
    let result: Result<CloudEndpoint, any Error>
    do {
      result = .success(
        try await session.endpoint(settings, TokenCache(tokens)) { seconds in
          pauses.withLock { $0.append(seconds) }
        })
    } catch {
      result = .failure(error)
    }
    await server.stop()
    return (result, server.requests, pauses.withLock { $0 })
  }

  private static func description(_ state: String, endpoint: String? = nil) -> String {
    let runtime = endpoint.map {
      #", "runtimeInfo": {"endpoints": {"Spark Connect Server": "\#($0)"}}"#
    }
    return #"{"state": "\#(state)", "uuid": "u-1", "sparkConnectSession": {}, "#
      + #""runtimeConfig": {"version": "3.0.2"}\#(runtime ?? "")}"#
  }

  @Test("a session is found once it is there, however it is written")
  func found() async throws {
    for (text, host, port) in [
      ("sc://host-1.dataproc.example:443", "host-1.dataproc.example", 443),
      ("https://h:8443/", "h", 8443),
    ] {
      let (result, requests, pauses) = try await endpoint { request, number in
        number < 3
          ? .init(200, Self.description(number == 1 ? "CREATING" : "ACTIVE"))
          : .init(200, Self.description("ACTIVE", endpoint: text))
      }
      #expect(try result.get() == CloudEndpoint(host: host, port: port, sessionID: "u-1"))
      #expect(requests.map(\.path) == [String](repeating: "\(Self.path)/s-1", count: 3))
      #expect(requests.allSatisfy { $0.headers["authorization"] == "Bearer token-1" })
      #expect(pauses == [5, 5])
    }
  }

  @Test("a session that does not exist is made where that was asked for")
  func creation() async throws {
    let (result, requests, _) = try await endpoint(creation: "3.0") { request, number in
      switch number {
      case 1: .init(404, #"{"error": {"code": 404, "message": "Not found"}}"#)
      case 2: .init(200, #"{"name": "operations/1"}"#)
      default: .init(200, Self.description("ACTIVE", endpoint: "sc://h:443"))
      }
    }
    #expect(try result.get().host == "h")
    #expect(requests.count == 3 && requests[1].path == "\(Self.path)?sessionId=s-1")
    #expect(
      requests[1].body == #"{"sparkConnectSession":{},"runtimeConfig":{"version":"3.0"}}"#)

    let (refused, once, _) = try await endpoint { _, _ in .init(404, "{}") }
    #expect(once.count == 1)
    let error = try #require(refused.failure as? CloudError)
    #expect(error.kind == .session && error.message.contains("?create"))
  }

  @Test("a session that somebody else makes is waited for, as is one that is not told at once")
  func lateCreation() async throws {
    let (result, requests, pauses) = try await endpoint(creation: "3.0") { request, number in
      switch number {
      case 1, 3: .init(404, "{}")
      case 2: .init(409, #"{"error": {"code": 409, "status": "ALREADY_EXISTS"}}"#)
      default: .init(200, Self.description("ACTIVE", endpoint: "sc://h:443"))
      }
    }
    #expect(try result.get().host == "h")
    #expect(requests.count == 4 && pauses == [5])

    let (never, _, _) = try await endpoint(creation: "3.0") { request, number in
      number == 2 ? .init(200, "{}") : .init(404, "{}")
    }
    let error = try #require(never.failure as? CloudError)
    #expect(error.kind == .session && error.message.contains("after 300 s"))
  }

  @Test("a token that is refused is renewed; what may pass is asked again")
  func repetition() async throws {
    let (result, requests, pauses) = try await endpoint { request, _ in
      request.headers["authorization"] == "Bearer token-2"
        ? .init(200, Self.description("ACTIVE", endpoint: "sc://h:443")) : .init(401, "{}")
    }
    #expect(try result.get().host == "h" && requests.count == 2 && pauses.isEmpty)

    let (later, all, waits) = try await endpoint { _, number in
      number < 3
        ? .init(number == 1 ? 503 : 429, "busy", headers: ["Retry-After": "2"])
        : .init(200, Self.description("ACTIVE", endpoint: "sc://h:443"))
    }
    #expect(try later.get().host == "h" && all.count == 3 && waits == [2, 2])
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var status = 200
    var body: String
    var kind: CloudError.Kind
    var says: String
    var testDescription: String { says }
  }

  @Test(
    "what is wrong is told",
    arguments: [
      Case(
        status: 403,
        body: #"{"error": {"code": 403, "message": "API is off", "status": "PERMISSION_DENIED"}}"#,
        kind: .refused, says: "API is off"),
      Case(status: 403, body: "", kind: .refused, says: "dataproc.sessions.get"),
      Case(status: 401, body: "{}", kind: .refused, says: "it is from the test"),
      Case(status: 400, body: "{}", kind: .settings, says: "HTTP 400"),
      Case(status: 503, body: "{}", kind: .unavailable, says: "it answers with HTTP 503"),
      Case(body: "<html>", kind: .settings, says: "something else than JSON"),
      Case(
        body: #"{"state": "FAILED", "stateMessage": "no quota of CPUs"}"#, kind: .session,
        says: "is FAILED: no quota of CPUs"),
      Case(body: #"{"state": "TERMINATED"}"#, kind: .session, says: "is TERMINATED"),
      Case(
        body: #"{"state": "ACTIVE", "runtimeConfig": {"version": "2.3"}}"#, kind: .session,
        says: "runtime 2.3, which is Spark 3"),
      Case(
        body: #"{"state": "ACTIVE", "jupyterSession": {}}"#, kind: .session, says: "one of Jupyter"),
      Case(body: Self.description("CREATING"), kind: .session, says: "after 300 s"),
      Case(
        body: Self.description("ACTIVE", endpoint: "ftp://h"), kind: .session,
        says: "which is no address"),
    ])
  func refusals(_ expected: Case) async throws {
    let (result, _, _) = try await endpoint { _, _ in .init(expected.status, expected.body) }
    let error = try #require(result.failure as? CloudError)
    #expect(error.kind == expected.kind && error.message.contains(expected.says), "\(error)")
    #expect(!error.message.contains("token-1"))
  }
}

extension Result {
  fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
