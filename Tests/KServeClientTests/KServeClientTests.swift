import KServeServer
import Synchronization
import Testing

@testable import KServeClient

/// A server of ours with a few models, for the length of `body`.
private func withServer<Result: Sendable>(
  at ports: KServeServer.Endpoints? = nil,
  _ body: @Sendable @escaping (KServeServer.Endpoints) async throws -> Result
) async throws -> Result {
  let server = KServeServer(
    configuration: .init(
      httpPort: ports?.http ?? 0, grpcPort: ports?.grpc ?? 0, metricsPort: nil,
      maxRequestBytes: 1 << 20,
      exitTimeout: .seconds(1)))
  let four = [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 4])]
  try server.bind(
    "double", inputs: four,
    outputs: [
      TensorSpecification(name: "y", elementType: .float32, shape: [-1, 4]),
      TensorSpecification(name: "sum", elementType: .float64, shape: [-1, 1]),
    ], configuration: ModelServingConfiguration(maxBatchSize: 8)
  ) { batch in
    let x: Tensor<Float> = try batch.tensor("x")
    let rows = x.rowCount
    return x.withUnsafeBufferPointer { x in
      [
        "y": AnyTensor(
          Tensor<Float>(shape: [rows, 4]) { out in
            for index in 0..<rows * 4 { out[index] = 2 * x[index] }
          }),
        "sum": AnyTensor(
          Tensor<Double>(shape: [rows, 1]) { out in
            for row in 0..<rows { out[row] = (0..<4).reduce(0) { $0 + Double(x[row * 4 + $1]) } }
          }),
      ]
    }
  }
  try server.bind(
    "text", inputs: [TensorSpecification(name: "s", elementType: .string, shape: [-1])],
    outputs: [TensorSpecification(name: "t", elementType: .string, shape: [-1])],
    configuration: ModelServingConfiguration(maxBatchSize: 2)
  ) { batch in
    guard case .string(let strings)? = batch.inputs["s"] else { return [:] }
    return ["t": .string(try StringTensor(strings.strings.map { $0 + "!" }))]
  }
  try server.bind(
    "slow", inputs: four,
    outputs: [
      TensorSpecification(name: "y", elementType: .float32, shape: [-1, 4])
    ]
  ) { batch in
    try await Task.sleep(for: .seconds(20))
    return ["y": batch.inputs["x"] ?? .float32(Tensor(shape: [0, 4]) { _ in })]
  }
  try server.bind(decoupled: "three", inputs: four, outputs: four) { batch in
    AsyncStream<[String: AnyTensor]> { continuation in
      for _ in 0..<3 { continuation.yield(batch.inputs) }
      continuation.finish()
    }
  }
  let running = Task { try await server.run() }
  defer { server.shutDown() }
  let endpoints = try await server.endpoints
  let result = try await body(endpoints)
  server.shutDown()
  try await running.value
  return result
}

private enum Way: String, CaseIterable, Sendable {
  case grpc, http, grpcShared, httpShared

  func client(
    _ endpoints: KServeServer.Endpoints, timeout: Double = 10, maxMessageBytes: Int = 256 << 20
  ) async throws -> KServeClient {
    let isGRPC = self == .grpc || self == .grpcShared
    var options = KServeClientOptions()
    options.timeout = timeout
    options.maxMessageBytes = maxMessageBytes
    if self == .grpcShared || self == .httpShared { options.tensors = .systemSharedMemory }
    let client = try KServeClient(
      KServeEndpoint(
        isGRPC ? .grpc : .http, host: "127.0.0.1", port: isGRPC ? endpoints.grpc : endpoints.http),
      options: options)
    try await client.waitUntilReady(timeout: .seconds(10))
    return client
  }
}

private func rows(_ count: Int) -> AnyTensor {
  AnyTensor(
    Tensor<Float>(shape: [count, 4]) { out in
      for index in 0..<count * 4 { out[index] = Float(index) }
    })
}

@Suite("KServe client")
struct KServeClientTests {
  @Test(
    "a model is run on one row, on some, and on more than the server takes", arguments: Way.allCases
  )
  fileprivate func models(_ way: Way) async throws {
    try await withServer { endpoints in
      let client = try await way.client(endpoints)
      let model = try await KServeModel("double", client: client)
      #expect(model.inputs.map(\.description) == ["x: float32[?, 4]"])
      #expect(model.served.maxBatchSize == 8)
      for count in [1, 3, 8, 21] {
        let outputs = try await model.run(["x": rows(count)], outputs: nil)
        let y: Tensor<Float> = try #require(outputs["y"]).typed()
        let sum: Tensor<Double> = try #require(outputs["sum"]).typed()
        #expect(y.shape == [count, 4] && sum.shape == [count, 1])
        let doubles: [Float] = (0..<count * 4).map { 2 * Float($0) }
        #expect(y.scalars == doubles)
        let sums: [Double] = (0..<count).map { row in Double(16 * row + 6) }
        #expect(sum.scalars == sums)
        #expect(Set(try await model.run(["x": rows(count)], outputs: ["sum"]).keys) == ["sum"])
      }
      let text = try await KServeModel("text", client: client)
      let strings = ["a", "", "héllo", "d", "e"]
      let answer = try await text.run(["s": .string(try StringTensor(strings))], outputs: nil)
      guard case .string(let found)? = answer["t"] else {
        Issue.record("the strings did not come back")
        return
      }
      #expect(found.strings == strings.map { $0 + "!" })
      await client.close()
    }
  }

  @Test("questions are answered", arguments: [Way.grpc, .http])
  fileprivate func questions(_ way: Way) async throws {
    try await withServer { endpoints in
      let client = try await way.client(endpoints)
      #expect(try await client.isServerLive())
      #expect(try await client.isModelReady("double"))
      #expect(try await client.isModelReady("nothing") == false)
      #expect(try await client.serverDescription().name == "needletail")
      #expect(try await client.model("three").isDecoupled)
      let index = try await client.repositoryIndex()
      #expect(index.map(\.name).sorted() == ["double", "slow", "text", "three"])
      let model = try await KServeModel("double", client: client)
      _ = try await model.run(["x": rows(3)], outputs: nil)
      let statistics = try await client.statistics(of: "double")
      #expect(statistics.map(\.inferenceCount) == [3])
      #expect(statistics.map(\.executionCount) == [1])
      try await client.unloadModel("text")
      #expect(try await client.isModelReady("text") == false)
      try await client.loadModel("text")
      #expect(try await client.isModelReady("text"))
      await client.close()
    }
  }

  @Test("failures say what happened and where", arguments: [Way.grpc, .http])
  fileprivate func failures(_ way: Way) async throws {
    try await withServer { endpoints in
      let client = try await way.client(endpoints, timeout: 1)
      func code(_ name: String, _ inputs: [String: AnyTensor]) async throws -> KServeError? {
        let served = try await KServeModel(name, client: client)
        do {
          _ = try await served.run(inputs, outputs: nil)
          return nil
        } catch {
          return error as? KServeError
        }
      }
      do {
        _ = try await KServeModel("nothing", client: client)
        Issue.record("a model that is not there was found")
      } catch let error as KServeError {
        #expect(error.code == .notFound && error.message.contains("double"))
      }
      let wrong = AnyTensor(Tensor<Double>(shape: [1, 4]) { _ in })
      let type = try #require(try await code("double", ["x": wrong]))
      #expect(type.code == .invalidArgument && type.message.contains("FP64"))
      #expect(type.message.contains("\(client.endpoint)"))
      let late = try #require(try await code("slow", ["x": rows(1)]))
      #expect(late.code == .deadlineExceeded)
      await #expect(throws: KServeError.self) { try await KServeModel("three", client: client) }
      let small = try await way.client(endpoints, maxMessageBytes: 1000)
      let model = try await KServeModel("double", client: small)
      do {
        _ = try await small.infer(
          InferRequest(modelName: "double", inputs: [InferTensor(name: "x", tensor: rows(100))]))
        Issue.record("a request beyond the limit was sent")
      } catch let error as KServeError {
        #expect(error.code == .resourceExhausted && error.message.contains("1000"))
      }
      _ = try await model.run(["x": rows(8)], outputs: ["sum"])
      await small.close()
      await client.close()
      // Its own limit the server tells itself.
      let large = try await way.client(endpoints)
      await #expect(throws: KServeError.self) {
        try await large.infer(
          InferRequest(modelName: "double", inputs: [InferTensor(name: "x", tensor: rows(1 << 17))])
        )
      }
      await large.close()
    }
  }

  @Test("a cancelled task ends its call", arguments: [Way.grpc, .http])
  fileprivate func cancellation(_ way: Way) async throws {
    try await withServer { endpoints in
      let client = try await way.client(endpoints, timeout: 30)
      let start = ContinuousClock.now
      let task = Task {
        try await client.infer(
          InferRequest(modelName: "slow", inputs: [InferTensor(name: "x", tensor: rows(1))]))
      }
      try await Task.sleep(for: .milliseconds(100))
      task.cancel()
      await #expect(throws: (any Error).self) { try await task.value }
      #expect(ContinuousClock.now - start < .seconds(10))
      await client.close()
    }
  }

  @Test("a stream gives every response and ends")
  func stream() async throws {
    try await withServer { endpoints in
      let client = try await Way.grpc.client(endpoints)
      var count = 0
      for try await response in client.inferStream(
        InferRequest(modelName: "three", inputs: [InferTensor(name: "x", tensor: rows(2))]))
      {
        #expect(try response.outputs.first?.tensor() == rows(2))
        count += 1
      }
      #expect(count == 3)
      await client.close()
    }
  }

  @Test("a connection has any number of calls")
  func manyCalls() async throws {
    try await withServer { endpoints in
      let client = try await Way.grpc.client(endpoints)
      // More than the resets that a server takes of a client.
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask { for _ in 0..<1_320 { _ = try await client.isServerLive() } }
        }
        try await group.waitForAll()
      }
      await client.close()
    }
  }

  @Test("a server that was started again is found again", arguments: Way.allCases)
  fileprivate func restart(_ way: Way) async throws {
    let x = AnyTensor(Tensor<Float>(repeating: 1, shape: [2, 4]))
    let twice = AnyTensor(Tensor<Float>(repeating: 2, shape: [2, 4]))
    let ports = Mutex<KServeServer.Endpoints?>(nil)
    let kept = Mutex<KServeModel?>(nil)
    for _ in 0..<2 {
      try await withServer(at: ports.withLock { $0 }) { endpoints in
        ports.withLock { $0 = endpoints }
        if let model = kept.withLock({ $0 }) {
          try await model.client.waitUntilReady(model: "double", timeout: .seconds(10))
          #expect(try await model.run(["x": x], outputs: ["y"]) == ["y": twice])
          await model.close()
          await model.client.close()
        } else {
          let model = try await KServeModel("double", client: try await way.client(endpoints))
          #expect(try await model.run(["x": x], outputs: ["y"]) == ["y": twice])
          kept.withLock { $0 = model }
        }
      }
    }
  }
}
