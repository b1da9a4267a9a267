import Foundation
import KServeClient
import Testing

/// Real servers, and clients of theirs, that are killed.
@Suite(.enabled(if: Peers.areThere, Comment(rawValue: Peers.advice)), .timeLimit(.minutes(3)))
struct LostServerTests {
  private static func objects(_ prefix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/dev/shm").filter { $0.hasPrefix(prefix) }
  }

  private static func pixels(_ rows: Int) -> [String: AnyTensor] {
    ["x": .float32(Tensor(repeating: 3, shape: [rows, 784]))]
  }

  private static func expectUnavailable(
    within limit: Duration, _ body: () async throws -> Void
  ) async throws {
    let start = ContinuousClock.now
    let error = try await #require(throws: KServeError.self) { try await body() }
    #expect(error.code == .unavailable, "\(error)")
    #expect(ContinuousClock.now - start < limit)
  }

  @Test(
    "a server killed in the middle of a call is unavailable, and used again when it is back",
    arguments: [TensorRoute.grpcMemory, .httpMemory])
  func killedServer(way: TensorRoute) async throws {
    let prefix = "needletail-lost-\(UInt32.random(in: .min ... .max))"
    let first = try PeerServer(["triton.py", "bench", "slow"])
    try await first.withClient(
      way.transport,
      {
        way.adjust(&$0)
        $0.sharedMemoryPrefix = prefix
      }
    ) { client in
      func regions() async throws -> [SharedMemoryStatus] {
        try await client.sharedMemoryStatus().filter { $0.name.hasPrefix(prefix) }
      }
      let answer = ["y": AnyTensor.float32(Tensor(repeating: 3, shape: [5, 10]))]
      let model = try await KServeModel("bench", client: client)
      let slow = try await KServeModel("slow", client: client)
      #expect(try await model.run(Self.pixels(5), outputs: nil) == answer)
      #expect(try await regions().count == 2)

      let call = Task {
        try await slow.run(["milliseconds": .int32(Tensor([15_000]))], outputs: nil)
      }
      try await Task.sleep(for: .milliseconds(300))
      kill(first.processIdentifier, SIGKILL)
      try await Self.expectUnavailable(within: .seconds(5)) { _ = try await call.value }
      // Nobody listens any more.
      try await Self.expectUnavailable(within: .seconds(5)) {
        _ = try await model.run(Self.pixels(5), outputs: nil)
      }
      try await Self.expectUnavailable(within: .seconds(5)) {
        _ = try await model.run(Self.pixels(500), outputs: nil)
      }
      first.stop()

      let second = try PeerServer(
        ["triton.py", "--ports", "\(first.httpPort),\(first.grpcPort)", "bench", "slow"])
      defer { second.stop() }
      try await client.waitUntilReady(model: "bench", timeout: .seconds(20))
      #expect(try await model.run(Self.pixels(5), outputs: nil) == answer)
      // It shares memory with that one, too.
      #expect(try await regions().count == 2)
      await model.close()
      await slow.close()
      #expect(try await regions().isEmpty)
    }
    #expect(try Self.objects(prefix).isEmpty)
  }

  @Test("a cancelled call's regions are given back")
  func cancelled() async throws {
    let prefix = "needletail-cancel-\(UInt32.random(in: .min ... .max))"
    try await Peers.triton.withClient(
      .grpc,
      {
        $0.tensors = .systemSharedMemory
        $0.sharedMemoryPrefix = prefix
      }
    ) { client in
      func regions() async throws -> [SharedMemoryStatus] {
        try await client.sharedMemoryStatus().filter { $0.name.hasPrefix(prefix) }
      }
      let model = try await KServeModel("slow", client: client)
      let call = Task {
        try await model.run(["milliseconds": .int32(Tensor([1000]))], outputs: nil)
      }
      while try await regions().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
      call.cancel()
      await #expect(throws: CancellationError.self) { _ = try await call.value }
      // Triton refuses until the model has ended.
      await model.close()
      #expect(try await regions().isEmpty)
    }
  }

  /// A process that knows the endpoint and the prefix from its environment.
  private enum Child {
    static let endpoint = "NEEDLETAIL_TEST_ENDPOINT"
    static let prefix = "NEEDLETAIL_TEST_PREFIX"

    static func run() async throws {
      let environment = ProcessInfo.processInfo.environment
      var options = KServeClientOptions()
      options.tensors = .systemSharedMemory
      options.sharedMemoryPrefix = environment[prefix] ?? ""
      let client = try KServeClient(
        KServeEndpoint(url: environment[endpoint] ?? ""), options: options)
      let model = try await KServeModel("bench", client: client)
      _ = try await model.run(LostServerTests.pixels(64), outputs: nil)
      let regions = try await client.sharedMemoryStatus()
      guard regions.contains(where: { $0.name.hasPrefix(options.sharedMemoryPrefix) }) else {
        exit(1)
      }
      Thread.detachNewThread {
        usleep(20_000)
        kill(getpid(), SIGKILL)
      }
      while true { _ = try await model.run(LostServerTests.pixels(64), outputs: nil) }
    }
  }

  @Test("a client that is killed leaves nothing in /dev/shm", arguments: Peers.transports)
  func killedClient(transport: KServeEndpoint.Transport) async throws {
    let prefix = "needletail-killed-\(UInt32.random(in: .min ... .max))"
    let server = try await Peers.triton
    setenv(Child.endpoint, "\(server.endpoint(transport))", 1)
    setenv(Child.prefix, prefix, 1)
    await #expect(processExitsWith: .signal(SIGKILL)) { try await Child.run() }
    #expect(try Self.objects(prefix).isEmpty)
    // The server still maps what nobody will give back; it goes on all the same.
    try await server.withClient(transport) { client in
      for region in try await client.sharedMemoryStatus() where region.name.hasPrefix(prefix) {
        try await client.unregisterSharedMemory(region.name)
      }
      let model = try await KServeModel("bench", client: client)
      #expect(
        try await model.run(Self.pixels(2), outputs: nil)
          == ["y": .float32(Tensor(repeating: 3, shape: [2, 10]))])
    }
  }
}
