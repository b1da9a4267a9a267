import KServeProtocol
import KServeServer
import Models
import Synchronization
import Tensors
import Testing

@Suite struct HTTPServerTests {
  /// A request as JSON with one input.
  static func json(
    _ name: String = "x", _ shape: String = "[1,2]", _ datatype: String = "FP32",
    _ data: String = "[1,2.5]", more: String = ""
  ) -> [UInt8] {
    Array(
      "{\"id\":\"7\",\"inputs\":[{\"name\":\"\(name)\",\"shape\":\(shape),\"datatype\":\"\(datatype)\",\"data\":\(data)}]\(more)}"
        .utf8)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var method = "GET"
    var path: String
    var body: [UInt8]?
    var status: Int
    /// What the answer's body is (or has in it).
    var text: String
    var testDescription: String { "\(method) \(path) -> \(status) \(text)" }
  }

  static let infer = "/v2/models/double/infer"
  static let cases: [Case] = [
    Case(path: "/v2/health/live", status: 200, text: ""),
    Case(path: "/v2/health/ready", status: 200, text: ""),
    Case(path: "/v2", status: 200, text: "{\"name\":\"needletail\",\"version\":"),
    Case(path: "/v2/models/double/ready", status: 200, text: ""),
    Case(path: "/v2/models/double/versions/1/ready", status: 200, text: ""),
    Case(
      path: "/v2/models/nope/ready", status: 400, text: "{\"error\":\"Model version not ready\"}"),
    Case(
      path: "/v2/models/nope", status: 404,
      text: "{\"error\":\"Request for unknown model: 'nope' is not found\"}"),
    Case(
      path: "/v2/models/double/versions/7", status: 404,
      text: "{\"error\":\"Request for unknown model: 'double' version 7 is not found\"}"),
    Case(
      path: "/v2/models/double/versions/x", status: 404, text: "{\"error\":\"Not Found\"}"),
    Case(
      path: "/v2/models/double", status: 200,
      text:
        "{\"name\":\"double\",\"versions\":[\"1\"],\"platform\":\"swift\",\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[-1,2]}],\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[-1,2]}]}"
    ),
    Case(path: "/v2/models/double/config", status: 200, text: "\"dims\":[2]"),
    Case(
      path: "/v2/models/double/stats", status: 200, text: "{\"model_stats\":[{\"name\":\"double\""),
    Case(path: "/v2/models/stats", status: 200, text: "\"inference_count\":"),
    Case(
      method: "POST", path: "/v2/repository/index", status: 200,
      text: "{\"name\":\"double\",\"version\":\"1\",\"state\":\"READY\"}"),
    Case(
      method: "POST", path: "/v2/repository/models/nope/load", status: 500,
      text: "failed to load 'nope', failed to poll from model repository"),
    Case(method: "POST", path: "/v2/repository/models/nope/unload", status: 200, text: ""),
    Case(
      path: "/v2/models/nope/stats", status: 400,
      text: "{\"error\":\"requested model 'nope' is not available\"}"),
    Case(method: "POST", path: "/v2", status: 405, text: "Method Not Allowed"),
    Case(
      method: "POST", path: infer, body: json("x", "[0,2]", "FP32", "[]"), status: 400,
      text: "input byte size mismatch for input 'x' for model 'double'. Expected 8, got 0"),
    Case(
      method: "POST", path: infer, body: json("x", "[1,2]", "FP32", "[0.1,1e20]"), status: 200,
      text: "\"data\":[0.20000000298023224,2.0000000400817547e20]"),
    Case(path: "/v2/systemsharedmemory/status", status: 200, text: "[]"),
    Case(path: "/v2/systemsharedmemory/region/r/status", status: 404, text: "'r'"),
    Case(path: "/v2/cudasharedmemory/status", status: 200, text: "[]"),
    Case(
      method: "POST", path: "/v2/cudasharedmemory/region/r/register", body: [], status: 501,
      text: "CUDA"),
    Case(path: "/v2/trace/setting", status: 200, text: "\"trace_level\":[\"OFF\"]"),
    Case(path: "/v2/logging", status: 200, text: "\"log_info\":true"),
    Case(path: "/v2/", status: 404, text: "{\"error\":\"Not Found\"}"),
    Case(path: "/v2/unknown", status: 404, text: "{\"error\":\"Not Found\"}"),
    Case(path: "/nowhere", status: 404, text: "{\"error\":\"Not Found\"}"),
    Case(path: infer, status: 405, text: "Method Not Allowed"),
    Case(path: "/", status: 200, text: "<!doctype html>"),
    Case(path: "/status.json", status: 200, text: "\"state\":\"ready\""),
    Case(
      method: "POST", path: infer, body: json(), status: 200,
      text:
        "{\"id\":\"7\",\"model_name\":\"double\",\"model_version\":\"1\",\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1,2],\"data\":[2.0,5.0]}]}"
    ),
    Case(
      method: "POST", path: infer, body: json("zz"), status: 400,
      text: "unexpected inference input 'zz' for model 'double'"),
    Case(
      method: "POST", path: infer, body: json("x", "[1,2]", "FP64"), status: 400,
      text: "inference input 'x' data-type is 'FP64', but model 'double' expects 'FP32'"),
    Case(
      method: "POST", path: infer, body: json("x", "[2,3]", "FP32", "[1,2,3,4,5,6]"), status: 400,
      text:
        "unexpected shape for input 'x' for model 'double'. Expected [-1,2], got [2,3]. NOTE: Setting"
    ),
    Case(
      method: "POST", path: infer,
      body: json("x", "[9,2]", "FP32", "[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9]"), status: 400,
      text: "inference request batch-size must be <= 8 for 'double'"),
    Case(
      method: "POST", path: infer, body: json(more: ",\"outputs\":[{\"name\":\"q\"}]"),
      status: 400, text: "unexpected inference output 'q' for model 'double'"),
    Case(
      method: "POST", path: infer, body: Array("{\"inputs\":[]}".utf8), status: 400,
      text: "expected 1 inputs but got 0 inputs for model 'double'"),
    Case(method: "POST", path: infer, body: Array("{\"inputs\":".utf8), status: 500, text: "JSON"),
    Case(
      method: "POST", path: "/v2/models/failing/infer", body: json(), status: 500,
      text:
        "Failed to process the request(s) for model 'failing', message: cannot read weights.bin"),
    Case(
      method: "POST", path: "/v2/models/wrong/infer", body: json(), status: 500,
      text: "the output 'y' has the shape [3, 2] for a batch of 1 rows"),
  ]

  @Test func answersAsTritonDoes() async throws {
    try await withServer { server in
      try server.bindDouble()
      try server.bind(
        "failing", inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2])],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2])]
      ) { _ in throw TensorError("cannot read /srv/models/weights.bin") }
      try server.bind(
        "wrong", inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2])],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2])]
      ) { _ in ["y": .float32(Tensor(repeating: 0, shape: [3, 2]))] }
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      for test in Self.cases {
        let answer = try await HTTPProbe.ask(port, test.method, test.path, body: test.body)
        #expect(answer.status == test.status, "\(test.testDescription): \(answer.text)")
        #expect(
          test.text.isEmpty ? answer.body.isEmpty : answer.text.contains(test.text),
          "\(test.testDescription): \(answer.text)")
      }
    }
  }

  static func binary(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
  }

  @Test func takesAndGivesBinaryTensors() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      // The header has an odd length, so that tensors behind it are aligned only by our doing.
      for padding in ["", " ", "  "] {
        let header = Array(
          ("{\"inputs\":[{\"name\":\"x\",\"shape\":[2,2],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":16}}],"
            + padding + "\"outputs\":[{\"name\":\"y\",\"parameters\":{\"binary_data\":true}}]}")
            .utf8)
        let answer = try await HTTPProbe.ask(
          port, "POST", Self.infer,
          headers: ["Inference-Header-Content-Length": "\(header.count)"],
          body: header + Self.binary([1, 2, 3, 4]))
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "application/octet-stream")
        let length = try #require(Int(answer.headers["inference-header-content-length"] ?? ""))
        let head = String(decoding: answer.body.prefix(length), as: UTF8.self)
        #expect(head.contains("\"binary_data_size\":16"))
        #expect(Array(answer.body.dropFirst(length)) == Self.binary([2, 4, 6, 8]))
      }
      let raw = try await HTTPProbe.ask(
        port, "POST", Self.infer, headers: ["Inference-Header-Content-Length": "0"],
        body: Self.binary([1, 2]))
      #expect(raw.status == 200)
      #expect(raw.body.suffix(8) == Self.binary([2, 4])[...])
      for (length, body) in [("999", [UInt8](repeating: 0, count: 9)), ("x", []), ("-1", [])] {
        let refused = try await HTTPProbe.ask(
          port, "POST", Self.infer, headers: ["Inference-Header-Content-Length": length],
          body: body)
        #expect(refused.status == 400)
      }
    }
  }

  @Test func keepsConnectionsOpenAndAnswersInOrder() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let probe = try HTTPProbe(port: port)
      // Three requests at once, then one in pieces.
      let paths = ["/v2", "/v2/nope", "/v2/health/live"]
      try await probe.send(paths.flatMap { HTTPProbe.request("GET", $0) })
      for status in [200, 404, 200] { #expect(try await probe.answer().status == status) }
      for byte in HTTPProbe.request("POST", Self.infer, body: Self.json()).chunks(of: 40) {
        try await probe.send(byte)
      }
      #expect(try await probe.answer().status == 200)
      try await probe.send(
        HTTPProbe.request("GET", "/v2/health/live", headers: ["Connection": "close"]))
      #expect(try await probe.answer().headers["connection"] == "close")
      #expect(await probe.isClosedByServer())
    }
  }

  @Test func takesChunkedBodiesAndExpectations() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let body = Self.json()
      let probe = try HTTPProbe(port: port)
      var chunked = HTTPProbe.request(
        "POST", Self.infer, headers: ["Transfer-Encoding": "chunked"])
      for chunk in body.chunks(of: 7) {
        chunked += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]
      }
      try await probe.send(chunked + Array("0\r\n\r\n".utf8))
      #expect(try await probe.answer().status == 200)
      var head = HTTPProbe.request(
        "POST", Self.infer, headers: ["Expect": "100-continue"], body: body)
      head.removeLast(body.count)
      try await probe.send(head)
      #expect(try await probe.answer().status == 100)
      try await probe.send(body)
      #expect(try await probe.answer().status == 200)
    }
  }

  @Test func refusesRequestsBeyondTheLimit() async throws {
    try await withServer(maxRequestBytes: 10_000) {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let probe = try HTTPProbe(port: port)
      try await probe.send(
        HTTPProbe.request("POST", Self.infer, body: [UInt8](repeating: 32, count: 20_000)))
      let refused = try await probe.answer()
      #expect(refused.status == 413)
      #expect(refused.text.contains("longer than the 10000 bytes"))
      try await probe.send(HTTPProbe.request("POST", Self.infer, body: Self.json()))
      #expect(try await probe.answer().status == 200)
      try await probe.send(Array("nonsense\r\n\r\n".utf8))
      #expect(try await probe.answer().status == 400)
      #expect(await probe.isClosedByServer())
    }
  }

  @Test func expandsCompressedBodies() async throws {
    let body = Self.json()
    let stored = Self.storedZlib(body)
    try await withServer(maxRequestBytes: 4096) {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let answer = try await HTTPProbe.ask(
        port, "POST", Self.infer, headers: ["Content-Encoding": "deflate"], body: stored)
      #expect(answer.status == 200, "\(answer.text)")
      let damaged = try await HTTPProbe.ask(
        port, "POST", Self.infer, headers: ["Content-Encoding": "gzip"],
        body: Array(stored.dropLast(9)))
      #expect(damaged.status == 400)
      let long = try await HTTPProbe.ask(
        port, "POST", Self.infer, headers: ["Content-Encoding": "deflate"], body: Self.bomb)
      #expect(long.status == 413)
      let unknown = try await HTTPProbe.ask(
        port, "POST", Self.infer, headers: ["Content-Encoding": "br"], body: body)
      #expect(unknown.status == 501)
    }
  }

  /// zlib's form without compression.
  static func storedZlib(_ bytes: [UInt8]) -> [UInt8] {
    var first: UInt32 = 1
    var second: UInt32 = 0
    for byte in bytes {
      first = (first + UInt32(byte)) % 65521
      second = (second + first) % 65521
    }
    let length = UInt16(bytes.count)
    let sum = second << 16 | first
    return [0x78, 0x01, 0x01, UInt8(length & 255), UInt8(length >> 8)]
      + [UInt8(~length & 255), UInt8(~length >> 8)] + bytes
      + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
  }

  /// 100,000 zeros as zlib writes them.
  static let bomb: [UInt8] =
    [0x78, 0xDA, 0xED, 0xC1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xC2, 0xA0, 0xF5, 0x4F, 0x6D, 0x0D]
    + [0x0F, 0xA0] + [UInt8](repeating: 0, count: 96)
    + [0x80, 0x57, 0x03, 0x86, 0xAF, 0x00, 0x01]

  @Test func writesMetricsOnTheirPort() async throws {
    try await withServer { server in
      try server.bindDouble()
      try server.bind(
        "failing", inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2])],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2])]
      ) { _ in throw TensorError("no") }
    } _: { _, endpoints in
      let http = try #require(endpoints.http)
      let metrics = try #require(endpoints.metrics)
      _ = try await HTTPProbe.ask(http, "POST", Self.infer, body: Self.json())
      _ = try await HTTPProbe.ask(http, "POST", Self.infer, body: Self.json("zz"))
      _ = try await HTTPProbe.ask(
        http, "POST", "/v2/models/failing/infer", body: Self.json())
      let answer = try await HTTPProbe.ask(metrics, "GET", "/metrics")
      #expect(answer.headers["content-type"] == "text/plain; charset=utf-8")
      #expect(
        answer.text.contains("nv_inference_request_success{model=\"double\",version=\"1\"} 1\n"))
      #expect(
        answer.text.contains(
          "nv_inference_request_failure{model=\"failing\",reason=\"BACKEND\",version=\"1\"} 1\n"))
      // What does not reach a model is no failure of it.
      #expect(
        answer.text.contains(
          "nv_inference_request_failure{model=\"double\",reason=\"OTHER\",version=\"1\"} 0\n"))
      #expect(try await HTTPProbe.ask(metrics, "GET", "/v2").status == 404)
      for path in ["/v2/health/live", "/v2/health/ready", "/v2/health/ready?x=1"] {
        #expect(try await HTTPProbe.ask(metrics, "GET", path).status == 200, "\(path)")
        #expect(try await HTTPProbe.ask(metrics, "POST", path, body: []).status == 405, "\(path)")
      }
    }
  }
}

extension [UInt8] {
  /// The bytes in pieces of `size`.
  func chunks(of size: Int) -> [[UInt8]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}
