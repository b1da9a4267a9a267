import KServeClient
import Testing

/// The client against a PyTriton script, with its calls restricted and not.
@Suite(
  .enabled(if: Peers.areThere, Comment(rawValue: Peers.advice)), .timeLimit(.minutes(2)),
  .serialized)
struct PyTritonTests {
  private static let x = AnyTensor.float32(Tensor(repeating: 1.5, shape: [20, 3]))

  private func check(_ client: KServeClient) async throws {
    let model = try await KServeModel("double", client: client)
    #expect(model.runtime.contains("triton 2.51.0"))
    // Twenty rows, sixteen at a time; several outputs of different types.
    let result = try await model.run(["x": Self.x], outputs: nil)
    #expect(result["y"] == .float32(Tensor(repeating: 3, shape: [20, 3])))
    #expect(
      result["text"]
        == .string(try StringTensor([String](repeating: "1.5", count: 20), shape: [20, 1])))
    await model.close()
  }

  @Test("without restrictions")
  func open() async throws {
    let server = try PeerServer(["pytriton_script.py", "open"])
    for way in TensorRoute.allCases {
      try await server.withClient(way.transport, way.adjust) { client in
        try await client.waitUntilReady(model: "double", timeout: .seconds(20))
        try await check(client)
        #expect(try await client.statistics(of: "double").first?.inferenceCount ?? 0 >= 20)
      }
    }
  }

  @Test("with a token")
  func restricted() async throws {
    let server = try PeerServer(["pytriton_script.py", "a-secret"])
    for way in TensorRoute.allCases {
      try await server.withClient(
        way.transport,
        {
          way.adjust(&$0)
          $0.accessToken = "a-secret"
        }
      ) { client in
        try await check(client)
        // It serves models that are in no repository.
        #expect(try await client.repositoryIndex().isEmpty)
        #expect(try await client.statistics(of: "double").count == 1)
      }
      // Without it inference works, shared memory falls back, and the rest says what it asks for.
      try await server.withClient(way.transport, way.adjust) { client in
        try await check(client)
        let error = try await #require(throws: KServeError.self) {
          _ = try await client.statistics(of: "double")
        }
        #expect(error.code == .permissionDenied)
        #expect(error.message.contains("restricted"))
        #expect(error.message.contains("accessToken"))
      }
    }
  }
}
