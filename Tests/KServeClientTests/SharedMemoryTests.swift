import Foundation
import KServeClient
import Testing

/// Tensors in shared memory, on the real tritonserver.
@Suite(.enabled(if: Peers.areThere, Comment(rawValue: Peers.advice)), .timeLimit(.minutes(2)))
struct SharedMemoryTests {
  private static func objects(_ prefix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/dev/shm").filter { $0.hasPrefix(prefix) }
  }

  @Test(
    "regions are re-used, grow, and are gone with the model",
    arguments: [TensorRoute.grpcMemory, .httpMemory])
  func lifeCycle(way: TensorRoute) async throws {
    let prefix = "needletail-test-\(UInt32.random(in: .min ... .max))"
    try await Peers.triton.withClient(
      way.transport,
      {
        way.adjust(&$0)
        $0.sharedMemoryPrefix = prefix
      }
    ) { client in
      func regions() async throws -> [SharedMemoryStatus] {
        try await client.sharedMemoryStatus().filter { $0.name.hasPrefix(prefix) }
      }
      do {
        let model = try await KServeModel("bench", client: client)
        for rows in [10, 3, 10, 12] {
          let x = AnyTensor.float32(Tensor(repeating: Float(rows), shape: [rows, 784]))
          let y = try await model.run(["x": x], outputs: nil)
          #expect(y["y"] == .float32(Tensor(repeating: Float(rows), shape: [rows, 10])))
        }
        let small = try await regions()
        #expect(small.count == 2)
        #expect(try Self.objects(prefix).isEmpty)
        let x = AnyTensor.float32(Tensor(repeating: 7, shape: [1000, 784]))
        _ = try await model.run(["x": x], outputs: nil)
        let grown = try await regions()
        #expect(grown.count == 2)
        #expect((grown.map(\.byteCount).max() ?? 0) > (small.map(\.byteCount).max() ?? 0))
        await model.close()
        #expect(try await regions().isEmpty)
      }
      #expect(try Self.objects(prefix).isEmpty)
    }
  }

  @Test(
    "a server that forgot the regions gets new ones",
    arguments: [TensorRoute.grpcMemory, .httpMemory])
  func forgotten(way: TensorRoute) async throws {
    let prefix = "needletail-forget-\(UInt32.random(in: .min ... .max))"
    try await Peers.triton.withClient(
      way.transport,
      {
        way.adjust(&$0)
        $0.sharedMemoryPrefix = prefix
      }
    ) { client in
      let model = try await KServeModel("bench", client: client)
      let x = AnyTensor.float32(Tensor(repeating: 2, shape: [5, 784]))
      _ = try await model.run(["x": x], outputs: nil)
      for region in try await client.sharedMemoryStatus() where region.name.hasPrefix(prefix) {
        try await client.unregisterSharedMemory(region.name)
      }
      let y = try await model.run(["x": x], outputs: nil)
      #expect(y["y"] == .float32(Tensor(repeating: 2, shape: [5, 10])))
      await model.close()
    }
  }

  @Test("registering by hand", arguments: Peers.transports)
  func byHand(transport: KServeEndpoint.Transport) async throws {
    let name = "needletail-hand-\(UInt32.random(in: .min ... .max))"
    let region = try SharedMemoryRegion.create(key: "/" + name, byteCount: 4096)
    defer { region.unlink() }
    try await Peers.triton.withClient(transport) { client in
      try await client.registerSharedMemory(name, key: "/" + name, byteCount: 4096)
      let status = try #require(
        try await client.sharedMemoryStatus().first { $0.name == name })
      #expect(status.key == "/" + name)
      #expect(status.byteCount == 4096)
      let twice = try await #require(throws: KServeError.self) {
        try await client.registerSharedMemory(name, key: "/" + name, byteCount: 4096)
      }
      // Triton says so by gRPC only.
      #expect(twice.code == (transport == .grpc ? .alreadyExists : .invalidArgument))
      try await client.unregisterSharedMemory(name)
      #expect(try await !client.sharedMemoryStatus().contains { $0.name == name })
      let missing = try await #require(throws: KServeError.self) {
        try await client.registerSharedMemory("x", key: "/needletail-none", byteCount: 4096)
      }
      #expect(missing.message.contains("needletail-none"))
    }
  }
}
