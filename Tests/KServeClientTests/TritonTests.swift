import Foundation
import KServeClient
import Testing

/// The client against the real tritonserver.
@Suite(.enabled(if: Peers.areThere, Comment(rawValue: Peers.advice)), .timeLimit(.minutes(2)))
struct TritonTests {
  @Test("what the server says of itself and of its models", arguments: Peers.transports)
  func descriptions(transport: KServeEndpoint.Transport) async throws {
    try await Peers.triton.withClient(transport) { client in
      try await client.waitUntilReady(timeout: .seconds(10))
      try await client.waitUntilReady(model: "echo", timeout: .seconds(10))
      #expect(try await client.isServerLive())
      #expect(try await client.isModelReady("bench", version: "1"))
      #expect(try await !client.isModelReady("missing"))
      #expect(try await !client.isModelReady("bench", version: "7"))
      let server = try await client.serverDescription()
      #expect(server.name == "triton")
      #expect(server.version == "2.51.0")
      #expect(server.extensions.contains("binary_tensor_data"))

      let bench = try await client.model("bench")
      #expect(bench.platform == "python")
      #expect(bench.versions == ["1"])
      #expect(bench.maxBatchSize == 8192)
      #expect(!bench.isDecoupled)
      #expect(
        bench.inputs == [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 784])])
      #expect(
        bench.outputs == [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 10])])
      let echo = try await client.model("echo")
      #expect(echo.inputs.isEmpty)
      #expect(
        Set(echo.optionalInputs.map(\.elementType)) == Set(ElementType.allCases))
      #expect(try await client.model("stream").isDecoupled)

      let index = try await client.repositoryIndex()
      #expect(Set(index.map(\.name)).isSuperset(of: ["bench", "echo", "slow", "stream"]))
      #expect(index.first { $0.name == "bench" }?.state == "READY")
    }
  }

  @Test(
    "every element type, in batches above the model's greatest",
    arguments: TensorDatatype.allCases, TensorRoute.allCases)
  func elementTypes(type: TensorDatatype, way: TensorRoute) async throws {
    let tensor = try Samples.rows(type, count: 10)
    let name = type.rawValue.lowercased()
    let result = try await Peers.triton.withClient(way.transport, way.adjust) { client in
      try await KServeModel("echo", client: client).run(
        ["in_\(name)": tensor], outputs: ["out_\(name)"])
    }
    #expect(result == ["out_\(name)": tensor])
  }

  @Test("no rows and many rows", arguments: [0, 1, 8192, 8193], TensorRoute.allCases)
  func rowCounts(rows: Int, way: TensorRoute) async throws {
    let pixels = Tensor<Float>(shape: [rows, 784]) { memory in
      for index in memory.indices { memory[index] = Float(index % 1000) }
    }
    let result = try await Peers.triton.withClient(way.transport, way.adjust) { client in
      try await KServeModel("bench", client: client).run(["x": .float32(pixels)], outputs: nil)
    }
    let expected = Tensor<Float>(shape: [rows, 10]) { memory in
      for index in memory.indices { memory[index] = Float((index / 10 * 784 + index % 10) % 1000) }
    }
    #expect(result == ["y": .float32(expected)])
  }

  @Test("calls at the same time share a connection and stay apart", arguments: TensorRoute.allCases)
  func concurrency(way: TensorRoute) async throws {
    try await Peers.triton.withClient(way.transport, way.adjust) { client in
      let model = try await KServeModel("echo", client: client)
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for number in 0..<16 {
          tasks.addTask {
            for step in 0..<10 {
              let tensor = AnyTensor.int64(
                Tensor(repeating: Int64(number * 100 + step), shape: [1 + number % 4, 5]))
              let result = try await model.run(["in_int64": tensor], outputs: ["out_int64"])
              #expect(result["out_int64"] == tensor)
            }
          }
        }
        try await tasks.waitForAll()
      }
    }
  }

  @Test("a request of 32 MB passes both ways", arguments: TensorRoute.allCases)
  func largeRequest(way: TensorRoute) async throws {
    let tensor = AnyTensor.float32(Tensor(repeating: 0.5, shape: [1, 8 << 20]))
    let result = try await Peers.triton.withClient(way.transport, way.adjust) { client in
      try await KServeModel("echo", client: client).run(["in_fp32": tensor], outputs: ["out_fp32"])
    }
    #expect(result == ["out_fp32": tensor])
  }

  @Test("messages beyond the limit", arguments: Peers.transports)
  func limits(transport: KServeEndpoint.Transport) async throws {
    let tensor = AnyTensor.float32(Tensor(repeating: 0.5, shape: [1, 1 << 18]))
    try await Peers.triton.withClient(transport, { $0.maxMessageBytes = 1 << 20 }) { client in
      let error = try await #require(throws: KServeError.self) {
        _ = try await client.infer(
          InferRequest(
            modelName: "echo", inputs: [InferTensor(name: "in_fp32", tensor: tensor)]))
      }
      #expect(error.code == .resourceExhausted)
      #expect(error.message.contains("maxMessageBytes"))
      #expect(error.message.contains("echo"))
    }
    // Few bytes there, many back.
    try await Peers.triton.withClient(transport, { $0.maxMessageBytes = 64 }) { client in
      let error = try await #require(throws: KServeError.self) {
        _ = try await client.serverDescription()
      }
      #expect(error.code == .resourceExhausted)
      #expect(error.message.contains("maxMessageBytes"))
    }
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let request: InferRequest
    let code: KServeError.Code
    let gist: String
  }

  static let mistakes: [Mistake] = {
    let x = InferTensor(name: "x", tensor: .float32(Tensor(repeating: 0, shape: [1, 784])))
    func request(
      _ model: String, _ input: InferTensor, _ change: (inout InferRequest) -> Void = { _ in }
    )
      -> InferRequest
    {
      var request = InferRequest(modelName: model, inputs: [input])
      change(&request)
      return request
    }
    return [
      Mistake(
        testDescription: "unknown model", request: request("missing", x), code: .notFound,
        gist: "missing"),
      Mistake(
        testDescription: "unknown version",
        request: request("bench", x) { $0.modelVersion = "7" }, code: .notFound, gist: "7"),
      Mistake(
        testDescription: "unknown input",
        request: request(
          "bench", InferTensor(name: "zz", tensor: .float32(Tensor(repeating: 0, shape: [1, 784])))),
        code: .invalidArgument, gist: "zz"),
      Mistake(
        testDescription: "wrong type",
        request: request(
          "bench", InferTensor(name: "x", tensor: .float64(Tensor(repeating: 0, shape: [1, 784])))),
        code: .invalidArgument, gist: "FP64"),
      Mistake(
        testDescription: "wrong shape",
        request: request(
          "bench", InferTensor(name: "x", tensor: .float32(Tensor(repeating: 0, shape: [2, 3])))),
        code: .invalidArgument, gist: "[2,3]"),
      Mistake(
        testDescription: "batch too large",
        request: request(
          "echo", InferTensor(name: "in_int8", tensor: .int8(Tensor(repeating: 0, shape: [5, 3])))),
        code: .invalidArgument, gist: "batch-size"),
      Mistake(
        testDescription: "unknown output",
        request: request("bench", x) { $0.outputs = [.init(name: "yy")] }, code: .invalidArgument,
        gist: "yy"),
      Mistake(
        testDescription: "failing model",
        request: request("slow", InferTensor(name: "milliseconds", tensor: .int32(Tensor([-1])))),
        code: .internal, gist: "must not be negative"),
    ]
  }()

  @Test("errors keep the server's code and reason", arguments: mistakes, Peers.transports)
  func errors(mistake: Mistake, transport: KServeEndpoint.Transport) async throws {
    let error = try await Peers.triton.withClient(transport) { client in
      try await #require(throws: KServeError.self) { _ = try await client.infer(mistake.request) }
    }
    #expect(error.code == mistake.code, "\(error)")
    #expect(error.message.contains(mistake.gist), "\(error)")
  }

  @Test(
    "a model's errors name the model, the endpoint and the input", arguments: TensorRoute.allCases)
  func modelErrors(way: TensorRoute) async throws {
    try await Peers.triton.withClient(way.transport, way.adjust) { client in
      let missing = try await #require(throws: KServeError.self) {
        _ = try await KServeModel("missing", client: client)
      }
      #expect(missing.code == .notFound)
      #expect(missing.message.contains("missing") && missing.message.contains("bench"))
      let model = try await KServeModel("bench", client: client)
      for (inputs, gist) in [
        (["y": AnyTensor.float32(Tensor([1]))], "'y'"), ([:], "'x'"),
        (["x": .float64(Tensor(repeating: 0, shape: [1, 784]))], "FP64"),
        (["x": .float32(Tensor(repeating: 0, shape: [2, 3]))], "[2,3]"),
      ] {
        let error = try await #require(throws: KServeError.self) {
          _ = try await model.run(inputs, outputs: nil)
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains("bench") && error.message.contains("127.0.0.1"))
        #expect(error.message.contains(gist), "\(error)")
      }
      let output = try await #require(throws: KServeError.self) {
        _ = try await model.run(
          ["x": .float32(Tensor(repeating: 0, shape: [1, 784]))], outputs: ["nothing"])
      }
      #expect(output.code == .invalidArgument)
      #expect(output.message.contains("'nothing'"))
    }
  }

  @Test("a call ends at its deadline", arguments: Peers.transports)
  func deadline(transport: KServeEndpoint.Transport) async throws {
    try await Peers.triton.withClient(transport, { $0.timeout = 0.3 }) { client in
      let start = ContinuousClock.now
      let error = try await #require(throws: KServeError.self) {
        _ = try await client.infer(Self.sleeping(milliseconds: 1500))
      }
      #expect(error.code == .deadlineExceeded)
      #expect(error.message.contains("0.3"))
      #expect(ContinuousClock.now - start < .seconds(1.2))
    }
  }

  @Test("a cancelled task cancels its call", arguments: Peers.transports)
  func cancellation(transport: KServeEndpoint.Transport) async throws {
    try await Peers.triton.withClient(transport) { client in
      let start = ContinuousClock.now
      let task = Task { try await client.infer(Self.sleeping(milliseconds: 1500)) }
      try await Task.sleep(for: .milliseconds(200))
      task.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
      #expect(ContinuousClock.now - start < .seconds(1.2))
      // The connection can still be used.
      #expect(try await client.isServerLive())
    }
  }

  private static func sleeping(milliseconds: Int32) -> InferRequest {
    InferRequest(
      modelName: "slow",
      inputs: [InferTensor(name: "milliseconds", tensor: .int32(Tensor([milliseconds])))])
  }

  @Test("what the server has counted", arguments: Peers.transports)
  func statistics(transport: KServeEndpoint.Transport) async throws {
    try await Peers.triton.withClient(transport) { client in
      func count() async throws -> ModelStatistics? {
        try await client.statistics(of: "bench").first
      }
      let before = try await count()?.inferenceCount ?? 0
      _ = try await KServeModel("bench", client: client).run(
        ["x": .float32(Tensor(repeating: 0, shape: [3, 784]))], outputs: nil)
      let after = try #require(try await count())
      #expect(after.version == "1")
      #expect(after.inferenceCount >= before + 3)
      #expect(after.executionCount > 0)
      #expect(after.successCount > 0)
      #expect(after.computeSeconds > 0)
      #expect(after.executionsByBatchSize[3] ?? 0 > 0)
      #expect(try await client.statistics().count >= 4)
    }
  }
}

/// The ways in which tensors reach a server.
enum TensorRoute: String, CaseIterable {
  case grpc, http, grpcMemory, httpMemory

  var transport: KServeEndpoint.Transport { rawValue.hasPrefix("grpc") ? .grpc : .http }

  func adjust(_ options: inout KServeClientOptions) {
    if self == .grpcMemory || self == .httpMemory { options.tensors = .systemSharedMemory }
  }
}

/// Rows of three elements.
enum Samples {
  static func rows(_ type: TensorDatatype, count: Int) throws -> AnyTensor {
    let shape: Shape = [count, 3]
    func numbers<Element: NumericTensorElement>(_ element: Element.Type) -> Tensor<Element> {
      Tensor(shape: shape) { memory in
        for index in memory.indices {
          // Whole numbers that every type holds, and halves in the types that have them.
          let half = Element(converting: Double(index) * 2.5) ?? Element(converting: Int64(index))
          memory.initializeElement(at: index, to: half ?? .zero)
        }
      }
    }
    return switch type {
    case .bool: .bool(try Tensor((0..<count * 3).map { $0 % 3 == 0 }, shape: shape))
    case .uint8: .uint8(numbers(UInt8.self))
    case .uint16: .uint16(numbers(UInt16.self))
    case .uint32: .uint32(numbers(UInt32.self))
    case .uint64: .uint64(numbers(UInt64.self))
    case .int8: .int8(numbers(Int8.self))
    case .int16: .int16(numbers(Int16.self))
    case .int32: .int32(numbers(Int32.self))
    case .int64: .int64(numbers(Int64.self))
    case .fp16: .float16(numbers(Float16.self))
    case .fp32: .float32(numbers(Float.self))
    case .fp64: .float64(numbers(Double.self))
    case .bf16: .bfloat16(numbers(BFloat16.self))
    case .bytes:
      .string(
        try StringTensor(
          (0..<count * 3).map { ["héllo", "", "a\0b", "€😀\n"][$0 % 4] }, shape: shape))
    }
  }
}
