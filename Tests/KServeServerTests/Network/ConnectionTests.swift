import Models
import Tensors
import Testing

@testable import KServeServer

/// Clients that send or read nothing cost themselves.
@Suite struct ConnectionTests {
  static func limits(_ change: (inout ConnectionLimits) -> Void)
    -> (inout KServeServer.Configuration) -> Void
  {
    var limits = ConnectionLimits()
    change(&limits)
    return { [limits] in $0.limits = limits }
  }

  @Test func closesWhatSendsNothing() async throws {
    try await withServer(
      configure: Self.limits {
        $0.headTime = .milliseconds(300)
        $0.bodyTime = .milliseconds(300)
        $0.idleTime = .seconds(3)
      }
    ) {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let head = try HTTPProbe(port: port)
      try await head.send(Array("POST /v2/models/double/infer HTTP/1.1\r\nHost: a\r\nX-a: ".utf8))
      let body = try HTTPProbe(port: port)
      try await body.send(
        HTTPProbe.request("POST", HTTPServerTests.infer, body: HTTPServerTests.json()).dropLast(3))
      let idle = try HTTPProbe(port: port)
      let silent = try HTTPProbe(port: port)
      try await idle.send(HTTPProbe.request("GET", "/v2/health/live"))
      #expect(try await idle.answer().status == 200)
      #expect(await head.isClosedByServer())
      #expect(try await body.answer().status == 408)
      #expect(await body.isClosedByServer())
      // It had more time than the others.
      try await idle.send(HTTPProbe.request("GET", "/v2/health/live"))
      #expect(try await idle.answer().status == 200)
      #expect(await silent.isClosedByServer())
      let grpc = try HTTPProbe(port: try #require(endpoints.grpc))
      while await !grpc.isClosedByServer() {}
      #expect(grpc.receivedBytes > 0)
    }
  }

  @Test func makesRoomForNewClients() async throws {
    let gate = ServingTests.Gate()
    try await withServer(configure: Self.limits { $0.connections = 3 }) {
      try gate.bind($0)
    } _: { server, endpoints in
      let port = try #require(endpoints.http)
      // Half a request each, more than there may be connections.
      let halves = try await (0..<10).asyncMap { _ in
        let probe = try HTTPProbe(port: port)
        try await probe.send(Array("GET /v2/health/live HTTP/1.1\r\n".utf8))
        return probe
      }
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/health/live").status == 200)
      #expect(await halves[0].isClosedByServer())
      // Connections at work stay; beyond them there is room for small questions only.
      let busy = try await (0..<3).asyncMap { index in
        let probe = try HTTPProbe(port: port)
        try await probe.send(
          HTTPProbe.request("POST", "/v2/models/gate/infer", body: ServingTests.body([1])))
        try await ServingTests.eventually { server.inference.activeCount == index + 1 }
        return probe
      }
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/health/live").status == 200)
      for path in ["infer", "infer?x=1", "infe%72"] {
        let answer = try await HTTPProbe.ask(
          port, "POST", "/v2/models/gate/\(path)", body: ServingTests.body([1]))
        #expect(answer.status == 503, "\(path): \(answer.text)")
      }
      #expect(
        try await HTTPProbe.ask(try #require(endpoints.metrics), "GET", "/metrics").status == 200)
      gate.open()
      for probe in busy { #expect(try await probe.answer().status == 200) }
    }
  }

  /// A long answer that nobody reads is not followed by the next one, and its connection is closed.
  @Test func closesWhoDoesNotRead() async throws {
    try await withServer(
      maxRequestBytes: 64 << 20, configure: Self.limits { $0.stallTime = .milliseconds(300) }
    ) {
      try $0.bind(
        "long", inputs: [TensorSpecification(name: "x", elementType: .int32, shape: [-1, 1])],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 100_000])]
      ) { batch in ["y": .float32(Tensor(repeating: 1, shape: [batch.rowCount, 100_000]))] }
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let request = HTTPProbe.request(
        "POST", "/v2/models/long/infer", body: ServingTests.body([Int](repeating: 1, count: 10)))
      let probe = try HTTPProbe(port: port)
      try await probe.send(Array((0..<50).map { _ in request }.joined()))
      try await ServingTests.eventually {
        try await HTTPProbe.ask(port, "GET", "/v2/models/long/stats").text
          .contains("\"execution_count\":0,") == false
      }
      // Far from all were run.
      try await Task.sleep(for: .seconds(1))
      let text = try await HTTPProbe.ask(port, "GET", "/v2/models/long/stats").text
      let count = text.split(separator: "\"execution_count\":").last?.prefix { $0.isNumber }
      #expect((count.flatMap { Int($0) } ?? 50) < 10, "\(text)")
    }
  }

  /// A connection is told how many calls it may have open: each costs the thread that health checks
  /// wait for some time.
  @Test func boundsTheCallsOfAConnection() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let probe = try HTTPProbe(port: try #require(endpoints.grpc))
      try await probe.send(
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0])
      // A frame's length in 3 bytes, the type (4 for settings), flags, and the stream in 4; then the
      // settings, each a number in 2 bytes and a value in 4 (RFC 9113, 4.1 and 6.5).
      let head = try await probe.bytes(9)
      #expect(head[3] == 4 && head[4] == 0)
      let payload = try await probe.bytes(Self.number(head[..<3]))
      let settings = stride(from: 0, to: payload.count, by: 6).map { start in
        [Self.number(payload[start..<start + 2]), Self.number(payload[start + 2..<start + 6])]
      }
      #expect(settings.contains([3, 256]), "\(settings)")
    }
  }

  /// The number of big-endian bytes.
  private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 * 256 + Int($1) }
  }

  /// A fatal error of HTTP/2 ends the connection, not only the talk.
  @Test func closesBehindAFatalGoAway() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let probe = try HTTPProbe(port: try #require(endpoints.grpc))
      // The preface, empty settings, and a PUSH_PROMISE, which no client may send.
      try await probe.send(
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
          + [0, 0, 5, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0x82])
      while await !probe.isClosedByServer() {}
      #expect(probe.receivedBytes > 9)
    }
  }
}

extension Range<Int> {
  func asyncMap<Value>(_ body: (Int) async throws -> Value) async rethrows -> [Value] {
    var result: [Value] = []
    for index in self { result.append(try await body(index)) }
    return result
  }
}
