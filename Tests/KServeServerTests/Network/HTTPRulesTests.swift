import KServeServer
import Synchronization
import Testing

/// HTTP/1.1 as RFC 9110 and 9112 say.
@Suite struct HTTPRulesTests {
  struct Case: Sendable, CustomTestStringConvertible {
    /// The request as it is sent, without the empty line at its end.
    var request: String
    var status: Int
    /// Fields of the answer.
    var fields: [String: String] = [:]
    /// Whether the connection goes on.
    var goesOn = true
    var hasBody = true
    var testDescription: String { "\(request.prefix(60)) -> \(status)" }
  }

  static let live = "/v2/health/live"
  static let index = "POST /v2/repository/index HTTP/1.1\nHost: a\n"
  static let chunked = "Transfer-Encoding: chunked\n"
  static let h2c =
    "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAA"
  static let closes = ["connection": "close"]
  static let cases: [Case] = [
    Case(request: "GET \(live) HTTP/1.1\nHost: a", status: 200),
    Case(request: "GET \(live) HTTP/1.1\nHost:", status: 200),
    Case(request: "GET \(live) HTTP/1.1\nhOST: [::1]:80", status: 200),
    // The target.
    Case(request: "GET http://a\(live) HTTP/1.1\nHost: a", status: 200),
    Case(request: "GET HTTP://other:1\(live)?x=1 HTTP/1.1\nHost: a", status: 200),
    Case(request: "GET http://a HTTP/1.1\nHost: a", status: 200),
    Case(
      request: "OPTIONS * HTTP/1.1\nHost: a", status: 204,
      fields: ["allow": "GET, POST, HEAD, OPTIONS"]),
    Case(request: "GET * HTTP/1.1\nHost: a", status: 400, goesOn: false),
    Case(request: "CONNECT a:80 HTTP/1.1\nHost: a", status: 405, fields: closes, goesOn: false),
    // The host.
    Case(request: "GET \(live) HTTP/1.1", status: 400, fields: closes, goesOn: false),
    Case(request: "GET \(live) HTTP/1.1\nHost: a\nHost: a", status: 400, goesOn: false),
    Case(request: "GET \(live) HTTP/1.1\nHost: a b", status: 400, goesOn: false),
    Case(request: "GET \(live) HTTP/1.1\nHost: a/b", status: 400, goesOn: false),
    Case(request: "GET \(live) HTTP/1.1\nHost: user@a", status: 400, goesOn: false),
    // HTTP/1.0.
    Case(request: "GET \(live) HTTP/1.0", status: 200, fields: closes, goesOn: false),
    Case(
      request: "GET \(live) HTTP/1.0\nConnection: keep-alive", status: 200,
      fields: ["connection": "keep-alive"]),
    Case(
      request: "POST /v2/repository/index HTTP/1.0\n\(chunked)\n0\n", status: 400,
      goesOn: false),
    Case(
      request: "GET \(live) HTTP/1.1\nHost: a\nConnection: close", status: 200, fields: closes,
      goesOn: false),
    Case(
      request: "GET \(live) HTTP/1.1\nHost: a\nConnection: x, Close", status: 200, goesOn: false),
    Case(request: "GET \(live) HTTP/2.0\nHost: a", status: 505, goesOn: false),
    // Methods.
    Case(request: "HEAD \(live) HTTP/1.1\nHost: a", status: 200, hasBody: false),
    Case(request: "HEAD / HTTP/1.1\nHost: a", status: 200, hasBody: false),
    Case(request: "HEAD /v2 HTTP/1.1\nHost: a", status: 200, hasBody: false),
    Case(request: "HEAD /nowhere HTTP/1.1\nHost: a", status: 404, hasBody: false),
    Case(
      request: "OPTIONS \(live) HTTP/1.1\nHost: a", status: 204,
      fields: ["allow": "GET, HEAD, OPTIONS"]),
    Case(
      request: "OPTIONS \(HTTPServerTests.infer) HTTP/1.1\nHost: a", status: 204,
      fields: ["allow": "POST, OPTIONS"]),
    Case(
      request: "DELETE \(live) HTTP/1.1\nHost: a", status: 405,
      fields: ["allow": "GET, HEAD, OPTIONS"]),
    Case(
      request: "PUT \(HTTPServerTests.infer) HTTP/1.1\nHost: a\nContent-Length: 0", status: 405,
      fields: ["allow": "POST, OPTIONS"]),
    Case(request: "TRACE \(live) HTTP/1.1\nHost: a", status: 405),
    // Lengths and codings.
    Case(
      request: "\(index)Content-Length: 2\n\(chunked)\n0\n",
      status: 400, goesOn: false),
    Case(
      request: "\(index)\(chunked)Content-Length: 2\n\n0\n",
      status: 400, goesOn: false),
    Case(
      request: "\(index)Content-Length: 2\nContent-Length: 3\n\n{}",
      status: 400, goesOn: false),
    Case(
      request: "\(index)Content-Length: -2\n\n{}", status: 400,
      goesOn: false),
    Case(
      request: "\(index)Content-Length: 2x\n\n{}", status: 400,
      goesOn: false),
    Case(
      request: "\(index)Content-Length: 99999999999999999999\n\n{}",
      status: 400, goesOn: false),
    Case(
      request: "\(index)Transfer-Encoding: gzip, chunked\n\n0\n",
      status: 501, goesOn: false),
    Case(
      request: "\(index)\(chunked)\n2\n{}\n0\nX-Trailer: 1\n",
      status: 200),
    Case(
      request: "\(index)Transfer-Encoding: Chunked\n\n2;x=y\n{}\n0\n",
      status: 200),
    Case(
      request: "\(index)\(chunked)\nz\n{}\n0\n",
      status: 400, goesOn: false),
    // Fields.
    Case(request: "GET \(live) HTTP/1.1\nHost: a\nX: a\n b", status: 400, goesOn: false),
    Case(request: "GET \(live) HTTP/1.1\nHost : a", status: 400, goesOn: false),
    Case(request: "GET \(live) HTTP/1.1\nHost: a\nX y: 1", status: 400, goesOn: false),
    Case(
      request: "GET \(live) HTTP/1.1\nHost: a\nX: \(String(repeating: "x", count: 70_000))",
      status: 431, goesOn: false),
    Case(
      request: "GET \(live) HTTP/1.1\nHost: a\n"
        + (0..<400).map { "X\($0): 1" }.joined(separator: "\n"), status: 431, goesOn: false),
    // Expectations.
    Case(request: "GET \(live) HTTP/1.1\nHost: a\nExpect: 200-ok", status: 417, goesOn: false),
    Case(request: "GET \(live) HTTP/1.0\nExpect: 200-ok", status: 200, goesOn: false),
    Case(
      request:
        "POST \(HTTPServerTests.infer) HTTP/1.1\nHost: a\nContent-Length: 2000000\nExpect: 100-continue",
      status: 413, fields: closes, goesOn: false),
    // Upgrades, which are not taken.
    Case(
      request: "GET \(live) HTTP/1.1\nHost: a\n\(h2c)",
      status: 200),
    Case(
      request: "GET \(live) HTTP/1.1\nHost: a\nConnection: upgrade\nUpgrade: websocket", status: 200
    ),
    Case(request: "GET \(live) HTTP/1.1\nHost: a\nUpgrade: websocket", status: 200),
    Case(request: "GET \(live) HTTP/1.1\nHost: a\nConnection: upgrade", status: 200),
    Case(
      request: "\(index)Connection: upgrade\nUpgrade: TLS/1.0\nContent-Length: 2\n\n{}",
      status: 200),
  ]

  @Test func answersAsTheStandardsSay() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      for test in Self.cases {
        let probe = try HTTPProbe(port: port)
        var text = test.request
        // What ends the head, unless a body that ends by itself is there.
        if !text.contains("\n\n") {
          text += "\n\n"
        } else if text.hasSuffix("0\n") || text.hasSuffix("1\n") {
          text += "\n"
        }
        let bytes = Array(text.utf8).flatMap { $0 == 10 ? [13, 10] : [$0] }
        try await probe.send(bytes)
        let answer = try await probe.answer(hasBody: test.hasBody)
        #expect(answer.status == test.status, "\(test.testDescription): \(answer.text)")
        for (name, value) in test.fields {
          #expect(answer.headers[name] == value, "\(test.testDescription): \(answer.headers)")
        }
        #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
        if test.goesOn {
          try await probe.send(HTTPProbe.request("GET", "/v2/models/double"))
          #expect(try await probe.answer().text.contains("\"double\""), "\(test.testDescription)")
        } else {
          #expect(await probe.isClosedByServer(), "\(test.testDescription)")
        }
        probe.close()
      }
    }
  }

  /// Requests that come at once are answered in their order, however many.
  @Test func answersPipelinedRequestsInTheirOrder() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let count = 3000
      let probe = try HTTPProbe(port: port)
      var bytes: [UInt8] = []
      for index in 0..<count {
        bytes +=
          index % 3 == 0
          ? HTTPProbe.request("POST", HTTPServerTests.infer, body: HTTPServerTests.json())
          : index % 3 == 1
            ? HTTPProbe.request(
              "GET", Self.live, headers: ["Connection": "Upgrade", "Upgrade": "h2c"])
            : HTTPProbe.request("GET", "/nowhere/\(index)")
      }
      async let sending: Void = probe.send(bytes)
      for index in 0..<count {
        let answer = try await probe.answer()
        #expect(answer.status == (index % 3 == 2 ? 404 : 200))
        #expect(index % 3 != 0 || answer.text.contains("\"data\":[2.0,5.0]"))
      }
      try await sending
    }
  }

  /// An error about a request waits for the answers to those before.
  @Test func refusesInTheOrderOfRequests() async throws {
    let gate = ServingTests.Gate()
    try await withServer(maxRequestBytes: 4096) {
      try gate.bind($0)
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let slow = HTTPProbe.request(
        "POST", "/v2/models/gate/infer", body: ServingTests.body([1]))
      let long = HTTPProbe.request(
        "POST", "/v2/models/gate/infer", body: [UInt8](repeating: 32, count: 10_000))
      let probe = try HTTPProbe(port: port)
      try await probe.send(slow + long + slow + Array("\0\0garbage\r\n\r\n".utf8))
      try await ServingTests.eventually { gate.entered.withLock { $0 } == 1 }
      gate.open()
      for status in [200, 413, 200, 400] { #expect(try await probe.answer().status == status) }
      #expect(await probe.isClosedByServer())
    }
  }

  /// Bodies that expand hold nobody else up, and end with their client.
  @Test func expandsBesideOtherWork() async throws {
    try await withServer(maxRequestBytes: 32 << 20) {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let bombs = try (0..<6).map { _ in try HTTPProbe(port: port) }
      for bomb in bombs {
        try await bomb.send(
          HTTPProbe.request(
            "POST", HTTPServerTests.infer,
            headers: ["Content-Encoding": "deflate", "Inference-Header-Content-Length": "0"],
            body: HTTPServerTests.bomb))
        #expect(try await HTTPProbe.ask(port, "GET", Self.live).status == 200)
      }
      for bomb in bombs { #expect(try await bomb.answer().status == 400) }
    }
  }
}
