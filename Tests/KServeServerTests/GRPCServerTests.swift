import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import KServeProtocol
import KServeServer
import Models
import SwiftProtobuf
import Synchronization
import Tensors
import Testing

@Suite struct GRPCServerTests {
  typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

  /// Calls the server of `models` for the length of `body`.
  static func withClient(
    maxRequestBytes: Int = 1 << 20, models: (KServeServer) throws -> Void,
    _ body: @escaping @Sendable (Client, KServeServer.Endpoints) async throws -> Void
  ) async throws {
    try await withServer(maxRequestBytes: maxRequestBytes, models: models) { _, endpoints in
      try await withGRPCClient(
        transport: .http2NIOPosix(
          target: .ipv4(address: "127.0.0.1", port: try #require(endpoints.grpc)),
          transportSecurity: .plaintext)
      ) { client in try await body(client, endpoints) }
    }
  }

  static func call<Input: Message, Output: Message>(
    _ client: Client, _ method: String, _ input: Input, _ output: Output.Type,
    service: String = "inference.GRPCInferenceService", options: CallOptions = .defaults
  ) async throws -> Output {
    try await client.unary(
      request: ClientRequest(message: input),
      descriptor: MethodDescriptor(fullyQualifiedService: service, method: method),
      serializer: ProtobufSerializer<Input>(), deserializer: ProtobufDeserializer<Output>(),
      options: options
    ) { try $0.message }
  }

  static func request(
    _ model: String, _ values: [Float], id: String = "7"
  ) -> Inference_ModelInferRequest {
    .with {
      $0.modelName = model
      $0.id = id
      $0.inputs = [
        .with {
          $0.name = "x"
          $0.datatype = "FP32"
          $0.shape = [Int64(values.count / 2), 2]
        }
      ]
      $0.rawInputContents = [.init(HTTPServerTests.binary(values))]
    }
  }

  static func infer(
    _ client: Client, _ request: Inference_ModelInferRequest, options: CallOptions = .defaults
  ) async throws -> Inference_ModelInferResponse {
    try await call(
      client, "ModelInfer", request, Inference_ModelInferResponse.self, options: options)
  }

  /// Only inference has long requests.
  @Test func refusesLongQuestions() async throws {
    try await Self.withClient(maxRequestBytes: 8 << 20) {
      try $0.bindDouble()
    } _: { client, _ in
      let question = Inference_ModelReadyRequest.with {
        $0.name = String(repeating: "a", count: 2 << 20)
      }
      let error = await #expect(throws: RPCError.self) {
        try await Self.call(client, "ModelReady", question, Inference_ModelReadyResponse.self)
      }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.message.contains("takes 1048576 at most") == true, "\(error?.message ?? "")")
    }
  }

  @Test func answersAsTritonDoes() async throws {
    try await Self.withClient {
      try $0.bindDouble()
    } _: { client, _ in
      let answer = try await Self.infer(client, Self.request("double", [1, 2, 3, 4]))
      #expect(answer.modelName == "double" && answer.modelVersion == "1" && answer.id == "7")
      #expect(answer.outputs.map(\.shape) == [[2, 2]])
      #expect(answer.outputs.map(\.datatype) == ["FP32"])
      #expect(answer.rawOutputContents.map { Array($0) } == [HTTPServerTests.binary([2, 4, 6, 8])])

      var typed = Self.request("double", [1, 2])
      typed.rawInputContents = []
      typed.inputs[0].contents.fp32Contents = [1, 2]
      let typedAnswer = try await Self.infer(client, typed)
      #expect(typedAnswer.rawOutputContents.map { Array($0) } == [HTTPServerTests.binary([2, 4])])

      let live = try await Self.call(
        client, "ServerLive", Inference_ServerLiveRequest(), Inference_ServerLiveResponse.self)
      #expect(live.live)
      let ready = try await Self.call(
        client, "ServerReady", Inference_ServerReadyRequest(), Inference_ServerReadyResponse.self)
      #expect(ready.ready)
      let model = try await Self.call(
        client, "ModelReady", Inference_ModelReadyRequest.with { $0.name = "nope" },
        Inference_ModelReadyResponse.self)
      #expect(!model.ready)
      let noNumber = await #expect(throws: RPCError.self) {
        try await Self.call(
          client, "ModelReady",
          Inference_ModelReadyRequest.with {
            $0.name = "double"
            $0.version = "x"
          }, Inference_ModelReadyResponse.self)
      }
      #expect(noNumber?.code == .invalidArgument)
      let metadata = try await Self.call(
        client, "ModelMetadata", Inference_ModelMetadataRequest.with { $0.name = "double" },
        Inference_ModelMetadataResponse.self)
      #expect(metadata.inputs.map(\.shape) == [[-1, 2]])
      let config = try await Self.call(
        client, "ModelConfig", Inference_ModelConfigRequest.with { $0.name = "double" },
        Inference_ModelConfigResponse.self)
      #expect(config.config.maxBatchSize == 8 && config.config.input[0].dims == [2])
      let stats = try await Self.call(
        client, "ModelStatistics", Inference_ModelStatisticsRequest(),
        Inference_ModelStatisticsResponse.self)
      #expect(stats.modelStats.map(\.inferenceCount) == [3])
      let health = try await Self.call(
        client, "Check", Grpc_Health_V1_HealthCheckRequest(),
        Grpc_Health_V1_HealthCheckResponse.self, service: "grpc.health.v1.Health")
      #expect(health.status == .serving)
      let trace = try await Self.call(
        client, "TraceSetting", Inference_TraceSettingRequest(),
        Inference_TraceSettingResponse.self)
      #expect(trace.settings["trace_level"]?.value == ["OFF"])
    }
  }

  @Test func refusesWithTheirCodes() async throws {
    try await Self.withClient { server in
      try server.bindDouble()
      try server.bind(
        "failing", inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2])],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2])]
      ) { _ in throw TensorError("no") }
      try Self.bindCountdown(server)
    } _: { client, _ in
      var wrongType = Self.request("double", [1, 2])
      wrongType.inputs[0].datatype = "FP64"
      var short = Self.request("double", [1, 2])
      short.rawInputContents = [.init(repeating: 0, count: 5)]
      var extra = Self.request("double", [1, 2])
      extra.rawInputContents.append(.init([]))
      var version = Self.request("double", [1, 2])
      version.modelVersion = "7"
      let cases: [(Inference_ModelInferRequest, RPCError.Code, String)] = [
        (Self.request("nope", [1, 2]), .notFound, "unknown model: 'nope' is not found"),
        (version, .notFound, "version 7 is not found"),
        (wrongType, .invalidArgument, "data-type is 'FP64', but model 'double' expects 'FP32'"),
        (short, .invalidArgument, "Expected 8, got 5"),
        (extra, .invalidArgument, "raw"),
        (
          Self.request("double", [Float](repeating: 0, count: 18)), .invalidArgument,
          "batch-size must be <= 8"
        ),
        (Self.request("failing", [1, 2]), .internalError, "Failed to process the request(s)"),
        (
          Self.request("countdown", [1, 2]), .unimplemented,
          "ModelInfer RPC doesn't support models with decoupled transaction policy"
        ),
      ]
      for (request, code, text) in cases {
        let error = await #expect(throws: RPCError.self) {
          try await Self.infer(client, request)
        }
        #expect(error?.code == code)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
      }
      let cuda = await #expect(throws: RPCError.self) {
        try await Self.call(
          client, "CudaSharedMemoryRegister", Inference_CudaSharedMemoryRegisterRequest(),
          Inference_CudaSharedMemoryRegisterResponse.self)
      }
      #expect(cuda?.code == .unimplemented)
    }
  }

  /// Sizes that no memory has are errors of their requests.
  @Test func refusesSizesBeyondAllNumbers() async throws {
    try await Self.withClient {
      try $0.bindDouble()
    } _: { client, _ in
      // The server knows the size of an answer's row now.
      _ = try await Self.infer(client, Self.request("double", [1, 2]))
      var rows = Self.request("double", [1, 2])
      rows.inputs[0].shape = [Int64.max / 8, 2]
      var shared = Self.request("double", [1, 2])
      shared.inputs.insert(
        .with {
          $0.name = "shared"
          $0.datatype = "FP32"
          $0.shape = [1, 2]
          $0.parameters = [
            "shared_memory_region": .with { $0.stringParam = "r" },
            "shared_memory_byte_size": .with { $0.int64Param = .max },
          ]
        }, at: 0)
      for request in [rows, shared] {
        await #expect(throws: RPCError.self) { try await Self.infer(client, request) }
      }
      #expect(try await Self.infer(client, Self.request("double", [1, 2])).id == "7")
    }
  }

  @Test func takesLargeRequestsUpToItsLimit() async throws {
    try await Self.withClient(maxRequestBytes: 12 << 20) { server in
      try server.bind(
        "total", inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2])],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [1])],
        configuration: ModelServingConfiguration(maxBatchSize: 0)
      ) { batch in
        let x: Tensor<Float> = try batch.tensor("x")
        let total = x.withUnsafeBufferPointer { $0.reduce(0, +) }
        return ["y": .float32(Tensor([total]))]
      }
    } _: { client, _ in
      let values = [Float](repeating: 0.5, count: 2 << 20)
      let answer = try await Self.infer(client, Self.request("total", values))
      #expect(
        answer.rawOutputContents.map { Array($0) } == [HTTPServerTests.binary([Float(1 << 20)])])
      let error = await #expect(throws: RPCError.self) {
        try await Self.infer(client, Self.request("total", values + values))
      }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.message.contains("12582912") == true, "\(error?.message ?? "")")
      #expect(try await Self.infer(client, Self.request("total", [1, 2])).id == "7")
    }
  }

  /// A decoupled model: as many results as the first number says, then nothing; fails below zero.
  static func bindCountdown(_ server: KServeServer) throws {
    try server.bind(
      decoupled: "countdown",
      inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 2])],
      outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 1])]
    ) { batch in
      let x: Tensor<Float> = try batch.tensor("x")
      let count = Int(x.scalars[0])
      return AsyncThrowingStream<[String: AnyTensor], any Error> { results in
        for index in 0..<max(count, 0) {
          results.yield(["y": .float32(Tensor(repeating: Float(index), shape: [1, 1]))])
        }
        results.finish(throwing: count < 0 ? TensorError("below zero") : nil)
      }
    }
  }

  @Test func streamsTheResultsOfDecoupledModels() async throws {
    try await Self.withClient { server in
      try server.bindDouble()
      try Self.bindCountdown(server)
    } _: { client, _ in
      var final = Self.request("countdown", [2, 0], id: "final")
      final.parameters["triton_enable_empty_final_response"] = .with { $0.boolParam = true }
      let requests = [
        Self.request("countdown", [3, 0], id: "three"), final,
        Self.request("countdown", [-1, 0], id: "bad"), Self.request("double", [1, 2], id: "plain"),
        Self.request("nope", [1, 2], id: "unknown"),
      ]
      let responses = Mutex<[Inference_ModelStreamInferResponse]>([])
      try await client.bidirectionalStreaming(
        request: StreamingClientRequest { writer in
          for request in requests { try await writer.write(request) }
        },
        descriptor: MethodDescriptor(
          fullyQualifiedService: "inference.GRPCInferenceService", method: "ModelStreamInfer"),
        serializer: ProtobufSerializer<Inference_ModelInferRequest>(),
        deserializer: ProtobufDeserializer<Inference_ModelStreamInferResponse>(),
        options: .defaults
      ) { response in
        for try await message in response.messages { responses.withLock { $0.append(message) } }
      }
      let all = responses.withLock { $0 }
      func of(_ id: String) -> [Inference_ModelStreamInferResponse] {
        all.filter { $0.inferResponse.id == id }
      }
      let three = of("three").map { Array($0.inferResponse.rawOutputContents[0]) }
      #expect(three == [0, 1, 2].map { HTTPServerTests.binary([$0]) })
      let ended = of("final").map(\.inferResponse)
      #expect(ended.map(\.outputs.count) == [1, 1, 0])
      #expect(
        ended.map { $0.parameters["triton_final_response"]?.boolParam } == [false, false, true])
      #expect(ended.last?.modelVersion.isEmpty == true)
      #expect(of("bad").first?.errorMessage.contains("below zero") == true)
      #expect(of("bad").first?.inferResponse.parameters["triton_final_response"]?.boolParam == true)
      #expect(of("plain").first?.inferResponse.rawOutputContents.count == 1)
      #expect(of("unknown").first?.errorMessage.contains("'nope' is not found") == true)
    }
  }

  @Test func cancelsWhatItsCallerGivesUp() async throws {
    let gate = ServingTests.Gate()
    try await Self.withClient {
      try gate.bind($0)
    } _: { client, endpoints in
      var request = Self.request("gate", [])
      request.inputs[0].datatype = "INT32"
      request.inputs[0].shape = [1, 1]
      request.rawInputContents = [.init([1, 0, 0, 0])]
      let sent = request
      async let running = Self.infer(client, sent)
      try await ServingTests.eventually { gate.entered.withLock { $0 } == 1 }
      var options = CallOptions.defaults
      options.timeout = .milliseconds(100)
      let late = await #expect(throws: RPCError.self) {
        try await Self.infer(client, sent, options: options)
      }
      #expect(late?.code == .deadlineExceeded)
      let http = try #require(endpoints.http)
      try await ServingTests.eventually {
        try await HTTPProbe.ask(http, "GET", "/status.json").text.contains("\"waiting\":0")
      }
      gate.open()
      _ = try await running
      let metrics = try await HTTPProbe.ask(try #require(endpoints.metrics), "GET", "/metrics")
      #expect(metrics.text.contains("reason=\"CANCELED\",version=\"1\"} 1\n"))
      #expect(metrics.text.contains("nv_inference_count{model=\"gate\",version=\"1\"} 1\n"))
    }
  }

  @Test func readsAndWritesSharedMemory() async throws {
    try await Self.withClient {
      try $0.bindDouble()
    } _: { client, endpoints in
      let key = "/needletail-test-\(UInt64.random(in: 0..<UInt64.max))"
      let region = try SharedMemoryRegion.create(key: key, byteCount: 64)
      defer { region.unlink() }
      UnsafeMutableRawBufferPointer(start: region.storage.baseAddress, count: 16)
        .copyBytes(from: HTTPServerTests.binary([1, 2, 3, 4]))
      func register(_ name: String, _ key: String, _ offset: UInt64, _ size: UInt64) async throws {
        _ = try await Self.call(
          client, "SystemSharedMemoryRegister",
          Inference_SystemSharedMemoryRegisterRequest.with {
            $0.name = name
            $0.key = key
            $0.offset = offset
            $0.byteSize = size
          }, Inference_SystemSharedMemoryRegisterResponse.self)
      }
      try await register("in", key, 0, 16)
      try await register("out", key, 16, 32)
      let taken = await #expect(throws: RPCError.self) { try await register("in", key, 0, 16) }
      #expect(taken?.code == .alreadyExists)
      for (bad, size) in [("/needletail-none", UInt64(8)), (key, 65), ("/../etc", 8), (key, .max)] {
        await #expect(throws: RPCError.self) { try await register("bad", bad, 0, size) }
      }
      func at(_ region: String, _ offset: Int64, _ size: Int64) -> [String:
        Inference_InferParameter]
      {
        [
          "shared_memory_region": .with { $0.stringParam = region },
          "shared_memory_offset": .with { $0.int64Param = offset },
          "shared_memory_byte_size": .with { $0.int64Param = size },
        ]
      }
      var request = Self.request("double", [])
      request.inputs[0].shape = [2, 2]
      request.rawInputContents = []
      request.inputs[0].parameters = at("in", 0, 16)
      request.outputs = [
        .with {
          $0.name = "y"
          $0.parameters = at("out", 8, 24)
        }
      ]
      let answer = try await Self.infer(client, request)
      // Clients count the raw contents, so that the output has one, without bytes.
      #expect(answer.outputs[0].parameters.isEmpty)
      #expect(answer.rawOutputContents.map(\.count) == [0])
      let written = UnsafeRawBufferPointer(start: region.storage.baseAddress + 24, count: 16)
      #expect(Array(written) == HTTPServerTests.binary([2, 4, 6, 8]))
      #expect(
        Array(UnsafeRawBufferPointer(start: region.storage.baseAddress + 16, count: 8))
          == [UInt8](repeating: 0, count: 8))

      let http = try #require(endpoints.http)
      let status = try await HTTPProbe.ask(http, "GET", "/v2/systemsharedmemory/status").text
      #expect(
        status.contains("{\"name\":\"out\",\"key\":\"\(key)\",\"offset\":16,\"byte_size\":32}"))
      for (input, output, text) in [
        (at("none", 0, 16), at("out", 0, 16), "Unable to find shared memory region: 'none'"),
        (at("in", 8, 16), at("out", 0, 16), "Invalid offset + byte size"),
        (at("in", -8, 16), at("out", 0, 16), "Invalid offset"),
        (at("in", 0, 16), at("out", 0, 8), "should be at least 16 bytes"),
      ] {
        var bad = request
        bad.inputs[0].parameters = input
        bad.outputs[0].parameters = output
        let sent = bad
        let error = await #expect(throws: RPCError.self) { try await Self.infer(client, sent) }
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
      }
      _ = try await Self.call(
        client, "SystemSharedMemoryUnregister", Inference_SystemSharedMemoryUnregisterRequest(),
        Inference_SystemSharedMemoryUnregisterResponse.self)
      #expect(try await HTTPProbe.ask(http, "GET", "/v2/systemsharedmemory/status").text == "[]")
    }
  }
}
