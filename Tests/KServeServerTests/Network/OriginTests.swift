import KServeServer
import NIOHTTP1
import Testing

@testable import KServeServer

/// Pages that a browser shows change nothing here.
@Suite struct OriginTests {
  struct Case: Sendable {
    var listening = "127.0.0.1"
    var allowed: [String] = []
    var host: String?
    var fields: [String: String] = [:]
    var isRefused: Bool
  }

  static let cases: [Case] = [
    Case(host: "localhost:8000", isRefused: false),
    Case(host: "127.0.0.1:8000", isRefused: false),
    Case(host: "[::1]:8000", isRefused: false),
    Case(host: "a", isRefused: false),
    Case(host: nil, isRefused: false),
    Case(host: "models.localhost:8000", isRefused: false),
    // A name that its owner lets point here.
    Case(host: "evil.example:8000", isRefused: true),
    Case(allowed: ["Models.Example"], host: "models.example:8000", isRefused: false),
    Case(listening: "0.0.0.0", host: "models.example:8000", isRefused: false),
    // Pages.
    Case(host: "localhost:8000", fields: ["Origin": "http://localhost:8000"], isRefused: false),
    Case(host: "localhost:8000", fields: ["Origin": "http://localhost:3000"], isRefused: true),
    Case(host: "localhost:8000", fields: ["Origin": "http://evil.example"], isRefused: true),
    Case(host: "localhost:8000", fields: ["Origin": "null"], isRefused: true),
    Case(
      host: "evil.example:8000", fields: ["Origin": "http://evil.example:8000"], isRefused: true),
    Case(
      listening: "0.0.0.0", host: "evil.example:8000",
      fields: ["Origin": "http://evil.example:8000"], isRefused: true),
    Case(
      listening: "0.0.0.0", allowed: ["models.example"], host: "models.example:8000",
      fields: ["Origin": "http://models.example:8000"], isRefused: false),
    Case(host: "localhost:8000", fields: ["Sec-Fetch-Site": "cross-site"], isRefused: true),
    Case(host: "localhost:8000", fields: ["Sec-Fetch-Site": "same-origin"], isRefused: false),
  ]

  @Test func knowsForeignPages() {
    for test in Self.cases {
      let origin = HTTPOrigin(listeningOn: test.listening, allowedHosts: test.allowed)
      let refusal = origin.refusal(
        HTTPHeaders(test.fields.map { ($0.key, $0.value) }), authority: test.host)
      #expect((refusal != nil) == test.isRefused, "\(test): \(refusal ?? "taken")")
    }
  }

  @Test func refusesThemWhatChangesTheServer() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let page = ["Origin": "http://evil.example", "Content-Type": "text/plain"]
      for path in [
        "/v2/repository/models/double/unload", "/v2/repository/models/double/load",
        "/v2/repository/r/models/double/unload", "/v2/systemsharedmemory/region/r/register",
        "/v2/systemsharedmemory/unregister", "/v2/logging", "/v2/trace/setting",
      ] {
        let answer = try await HTTPProbe.ask(port, "POST", path, headers: page, body: [])
        #expect(answer.status == 403, "\(path): \(answer.text)")
      }
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/models/double/ready").status == 200)
    }
  }
}
