import KServeClient
import Testing

/// Models that answer with any number of responses, on the real tritonserver.
@Suite(.enabled(if: Peers.areThere, Comment(rawValue: Peers.advice)), .timeLimit(.minutes(2)))
struct StreamTests {
  private static func counting(to count: Int32) -> InferRequest {
    InferRequest(
      modelName: "stream", inputs: [InferTensor(name: "count", tensor: .int32(Tensor([count])))])
  }

  @Test("all responses, in order, and then the end", arguments: [Int32](arrayLiteral: 0, 1, 50))
  func responses(count: Int32) async throws {
    try await Peers.triton.withClient { client in
      var numbers: [Int32] = []
      for try await response in client.inferStream(Self.counting(to: count)) {
        let tensor: Tensor<Int32> = try #require(response.outputs.first).tensor().typed()
        numbers += tensor.scalars
      }
      #expect(numbers == Array(0..<count))
    }
  }

  @Test("an error ends the stream")
  func failure() async throws {
    try await Peers.triton.withClient { client in
      let error = try await #require(throws: KServeError.self) {
        for try await _ in client.inferStream(Self.counting(to: -1)) {}
      }
      #expect(error.message.contains("must not be negative"))
      let unknown = try await #require(throws: KServeError.self) {
        for try await _ in client.inferStream(InferRequest(modelName: "missing", inputs: [])) {}
      }
      #expect(unknown.message.contains("missing"))
    }
  }

  @Test("a consumer that leaves ends the call")
  func leaving() async throws {
    try await Peers.triton.withClient { client in
      let start = ContinuousClock.now
      for try await _ in client.inferStream(Self.counting(to: 1000)) { break }
      // Were the model still counting, it would take a minute.
      for try await _ in client.inferStream(Self.counting(to: 1)) {}
      #expect(ContinuousClock.now - start < .seconds(10))
    }
  }

  @Test("a stream ends at its deadline")
  func deadline() async throws {
    try await Peers.triton.withClient(.grpc, { $0.timeout = 0.5 }) { client in
      let error = try await #require(throws: KServeError.self) {
        for try await _ in client.inferStream(Self.counting(to: 1000)) {}
      }
      #expect(error.code == .deadlineExceeded)
    }
  }

  @Test("one answer is not enough for such a model")
  func unary() async throws {
    try await Peers.triton.withClient { client in
      let error = try await #require(throws: KServeError.self) {
        _ = try await client.infer(Self.counting(to: 1))
      }
      #expect(error.code == .unimplemented)
      let model = try await #require(throws: KServeError.self) {
        _ = try await KServeModel("stream", client: client)
      }
      #expect(model.code == .unimplemented)
      #expect(model.message.contains("inferStream"))
    }
  }

  @Test("HTTP has no streams")
  func http() async throws {
    try await Peers.triton.withClient(.http) { client in
      let error = try await #require(throws: KServeError.self) {
        for try await _ in client.inferStream(Self.counting(to: 1)) {}
      }
      #expect(error.code == .unimplemented)
      #expect(error.message.contains("grpc://"))
    }
  }
}
