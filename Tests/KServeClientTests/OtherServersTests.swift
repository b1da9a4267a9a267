import Foundation
import KServeClient
import Testing

private func numbers(_ values: [Float], _ shape: Shape) -> AnyTensor {
  AnyTensor(
    Tensor<Float>(shape: shape) { out in for (index, x) in values.enumerated() { out[index] = x } })
}

private struct Server: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let respond: @Sendable (HTTPPeer.Request) -> HTTPPeer.Answer
}

private let servers = [
  Server(testDescription: "KServe's Python server", respond: RecordedServers.kserve),
  Server(testDescription: "MLServer", respond: RecordedServers.mlserver),
  Server(testDescription: "two calls only", respond: RecordedServers.minimal),
]

/// Servers that have the protocol's core and none of Triton's extensions.
@Suite(.timeLimit(.minutes(1)))
struct OtherServersTests {
  @Test("a model is run by JSON, without a configuration", arguments: servers)
  fileprivate func runs(_ server: Server) async throws {
    let peer = try HTTPPeer(server.respond)
    let client = try KServeClient(KServeEndpoint(.http, host: "127.0.0.1", port: peer.port))
    let model = try await KServeModel("dbl", client: client)
    #expect(model.inputs.map(\.description) == ["x: float32[?, 3]"])
    #expect(model.served.maxBatchSize == nil && !model.served.isDecoupled)
    #expect(model.metadata["maximum batch"] == "not told by the server")
    let values: [Float] = [1, -0.1, 1.5e38, .leastNonzeroMagnitude, 5, 0.2]
    let outputs = try await model.run(["x": numbers(values, [2, 3])], outputs: nil)
    let y: Tensor<Float> = try #require(outputs["y"]).typed()
    #expect(y.scalars == values.map { $0 * 2 } && y.shape == [2, 3])
    #expect(try await model.run(["x": numbers([], [0, 3])], outputs: nil)["y"]?.shape == [0, 3])
    let request = try #require(peer.requests.last { $0.path.hasSuffix("/infer") })
    #expect(request.headers["content-type"] == "application/json")
    #expect(request.headers["inference-header-content-length"] == nil)
    #expect(!String(decoding: request.body, as: UTF8.self).contains("binary"))
    await client.close()
  }

  @Test("null for a number is NaN")
  func notANumber() async throws {
    let peer = try HTTPPeer(RecordedServers.kserve)
    let client = try KServeClient(KServeEndpoint(.http, host: "127.0.0.1", port: peer.port))
    let model = try await KServeModel("dbl", client: client)
    let x = numbers([1, .nan, 3], [1, 3])
    let y: Tensor<Float> = try #require(try await model.run(["x": x], outputs: nil)["y"]).typed()
    #expect(y.scalars[0] == 2 && y.scalars[1].isNaN && y.scalars[2] == 6)
    // What the server says of itself is asked once, for the model and for the encoding.
    #expect(peer.requests.count(where: { $0.path == "/v2" }) == 1)
    await client.close()
  }

  @Test(
    "an input whose NaN the server refuses is named, and why it went in JSON",
    arguments: [(.automatic, "lists no extension"), (.json, "--option encoding")]
      as [(KServeClientOptions.Encoding, String)])
  func refusesNotANumber(encoding: KServeClientOptions.Encoding, reason: String) async throws {
    let peer = try HTTPPeer { request in
      let text = String(decoding: request.body, as: UTF8.self)
      return text.contains("NaN")
        ? .json(#"{"error":"unexpected character: line 1"}"#, status: 400)
        : RecordedServers.mlserver(request)
    }
    var options = KServeClientOptions()
    options.encoding = encoding
    let client = try KServeClient(
      KServeEndpoint(.http, host: "127.0.0.1", port: peer.port), options: options)
    let model = try await KServeModel("dbl", client: client)
    let error = try await #require(throws: KServeError.self) {
      _ = try await model.run(["x": numbers([1, .nan, 3], [1, 3])], outputs: nil)
    }
    #expect(error.message.contains("the input 'x' has NaN"), "\(error)")
    #expect(error.message.contains("gRPC") && error.message.contains(reason), "\(error)")
    await client.close()
  }

  @Test("what encoding is asked for is sent", arguments: KServeClientOptions.Encoding.allCases)
  func encoding(_ encoding: KServeClientOptions.Encoding) async throws {
    let peer = try HTTPPeer { request in
      request.path == "/v2"
        ? .json(#"{"name":"triton","version":"2","extensions":["binary_tensor_data"]}"#)
        : RecordedServers.kserve(request)
    }
    var options = KServeClientOptions()
    options.encoding = encoding
    let client = try KServeClient(
      KServeEndpoint(.http, host: "127.0.0.1", port: peer.port), options: options)
    let tensor = InferTensor(name: "x", tensor: numbers([1, 2, 3], [1, 3]))
    _ = try? await client.infer(InferRequest(modelName: "dbl", inputs: [tensor]))
    let request = try #require(peer.requests.last { $0.path.hasSuffix("/infer") })
    let isBinary = request.headers["content-type"] == "application/octet-stream"
    #expect(isBinary == (encoding != .json))
    await client.close()
  }

  @Test("a model that is not there, or whose tensors are not told")
  func models() async throws {
    let peer = try HTTPPeer { request in
      request.path == "/v2/models/blank"
        ? .json(#"{"name":"blank","versions":[],"platform":"","inputs":[],"outputs":null}"#)
        : RecordedServers.mlserver(request)
    }
    let client = try KServeClient(KServeEndpoint(.http, host: "127.0.0.1", port: peer.port))
    let missing = try await #require(throws: KServeError.self) {
      _ = try await KServeModel("nothing", client: client)
    }
    #expect(missing.code == .notFound)
    #expect(missing.message.contains("which has: dbl"), "\(missing)")
    #expect(missing.message.contains("/v2/models/nothing"), "\(missing)")
    let blank = try await #require(throws: KServeError.self) {
      _ = try await KServeModel("blank", client: client)
    }
    #expect(blank.message.contains("model-settings.json"), "\(blank)")
    await client.close()
  }

  @Test("an output whose declared shape is beyond all memory")
  func vast() async throws {
    let peer = try HTTPPeer { request in
      request.path == "/v2/models/dbl"
        ? .json(
          #"{"name":"dbl","inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[{"name":"#
            + #""y","datatype":"FP32","shape":[-1,4611686018427387904]}]}"#)
        : RecordedServers.kserve(request)
    }
    let client = try KServeClient(KServeEndpoint(.http, host: "127.0.0.1", port: peer.port))
    let model = try await KServeModel("dbl", client: client)
    let y = try await model.run(["x": numbers([1, 2, 3, 4, 5, 6], [2, 3])], outputs: nil)["y"]
    #expect(y == numbers([2, 4, 6, 8, 10, 12], [2, 3]))
    await client.close()
  }

  @Test("rows without bytes whose answers are too long")
  func withoutBytes() async throws {
    let peer = try HTTPPeer { request in
      switch request.path {
      case "/v2/models/dbl":
        .json(
          #"{"name":"dbl","inputs":[{"name":"x","datatype":"FP32","shape":[-1,0]}],"outputs":[{"name":"#
            + #""y","datatype":"FP32","shape":[-1,-1]}]}"#)
      case "/v2/models/dbl/infer": .json(#"{"error":"the answer is too large"}"#, status: 413)
      default: .notFound
      }
    }
    let client = try KServeClient(KServeEndpoint(.http, host: "127.0.0.1", port: peer.port))
    let model = try await KServeModel("dbl", client: client)
    let error = try await #require(throws: KServeError.self) {
      _ = try await model.run(["x": numbers([], [8, 0])], outputs: nil)
    }
    #expect(error.code == .resourceExhausted)
    #expect(peer.requests.count(where: { $0.path.hasSuffix("/infer") }) == 4)
    await client.close()
  }

  @Test("behind a gateway: a prefix, a host and a token")
  func gateway() async throws {
    let peer = try HTTPPeer { request in
      guard request.headers["host"] == "models.example.com" else {
        return .json("no such host", status: 404)
      }
      guard request.headers["authorization"] == "Bearer abc" else {
        return HTTPPeer.Answer(
          status: 302, headers: [("Location", "https://login.example.com/")], body: "")
      }
      var inner = request
      guard inner.path.hasPrefix("/team%20a/serving/v2") else { return .notFound }
      inner.path = String(inner.path.dropFirst("/team%20a/serving".count))
      return RecordedServers.kserve(inner)
    }
    let url = "http://127.0.0.1:\(peer.port)/team%20a/serving"
    let (endpoint, name, version) = try KServeEndpoint.withModel(url: url + "/dbl")
    #expect(name == "dbl" && version == "" && "\(endpoint)" == url)
    var options = KServeClientOptions()
    options.headers = ["host": "models.example.com", "AUTHORIZATION": "Bearer abc"]
    let client = try KServeClient(endpoint, options: options)
    let model = try await KServeModel(name, client: client)
    let y = try await model.run(["x": numbers([1, 2, 3], [1, 3])], outputs: nil)["y"]
    #expect(y == numbers([2, 4, 6], [1, 3]))
    await client.close()

    options.headers["AUTHORIZATION"] = nil
    let stranger = try KServeClient(endpoint, options: options)
    let error = try await #require(throws: KServeError.self) {
      _ = try await stranger.model("dbl")
    }
    #expect(error.message.contains("https://login.example.com/"), "\(error)")
    await stranger.close()
  }

  @Test(
    "headers that cannot be sent are refused",
    arguments: [
      ["Content-Length": "1"], ["a b": "c"], ["": "c"], ["X": "a\r\nY: b"], [":path": "/"],
    ], Peers.transports)
  func headers(_ headers: [String: String], _ transport: KServeEndpoint.Transport) throws {
    var options = KServeClientOptions()
    options.headers = headers
    let error = try #require(throws: KServeError.self) {
      _ = try KServeClient(KServeEndpoint(transport, host: "h"), options: options)
    }
    #expect(error.code == .invalidArgument)
  }

  @Test(
    "addresses that name a model",
    arguments: [
      ("kserve://h/m", "grpc://h:8001 m "), ("kserve://h/m/v1", "grpc://h:8001 m v1"),
      ("http://h/m", "http://h:8000 m "), ("http://h/m/3", "http://h:8000 m 3"),
      ("http://h/m/v1.2.0", "http://h:8000 m v1.2.0"), ("http://h/a/m", "http://h:8000/a m "),
      ("http://h/a/b/m/3", "http://h:8000/a/b m 3"), ("http://h/3", "http://h:8000 3 "),
      ("https://h/a/v2/models/m", "https://h:8000/a m "),
      ("http://h:80/v2/models/m/versions/blue/infer", "http://h:80 m blue"),
      ("http://h/a%2Fb", "http://h:8000 a/b "), ("kserve://h/v2/models/m", "grpc://h:8001 m "),
      ("kserve://h/a/b/c", nil), ("http://h", nil), ("http://h/", nil), ("http://h/v2/models", nil),
      ("kserve://h/a/v2/models/m", nil), ("http://h/v2/models/m/ready", nil),
    ] as [(String, String?)])
  func addresses(url: String, parts: String?) throws {
    let found = try? KServeEndpoint.withModel(url: url)
    #expect(found.map { "\($0.endpoint) \($0.model) \($0.version)" } == parts)
  }

  @Test(
    "addresses with a prefix",
    arguments: [
      ("http://h/a/b/", "http://h:8000/a/b"), ("http://h/v2", "http://h:8000"),
      ("http://h/a/v2/", "http://h:8000/a"), ("http://h/v2/models/m", nil), ("grpc://h/a", nil),
    ] as [(String, String?)])
  func prefixes(url: String, text: String?) {
    #expect((try? KServeEndpoint(url: url))?.description == text)
  }
}
