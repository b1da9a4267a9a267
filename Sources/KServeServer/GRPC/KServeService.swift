import JSONText
import KServeProtocol
import Logging
import SwiftProtobuf

/// The methods of the service `inference.GRPCInferenceService`, and gRPC's own health check.
struct KServeService {
  static let name = "inference.GRPCInferenceService"

  let server: KServeServer

  var methods: GRPCMethods {
    var methods = GRPCMethods()
    addInference(in: &methods)
    addQuestions(in: &methods)
    addRepository(in: &methods)
    addSharedMemory(in: &methods)
    addSettings(in: &methods)
    return methods
  }

  private static func path(_ method: String) -> String { "/\(name)/\(method)" }

  /// Requests of more bytes than this are read off the network's thread, which others wait for.
  private static let inlineBytes = 64 << 10

  private func addInference(in methods: inout GRPCMethods) {
    let inference = server.inference
    methods[Self.path("ModelInfer")] = .unary { bytes, caller, answer in
      @Sendable func run() {
        let request: InferRequest
        do throws(KServeError) {
          request = try Self.request(bytes, caller, inference)
        } catch {
          return answer(.failure(error))
        }
        inference.infer(
          request, cancellation: caller.cancellation, transport: .grpc, limit: caller.limit
        ) { result, lease in
          answer(
            result.flatMap { response in
              Result { () throws(KServeError) in
                try GRPCMethods.Response(try response.serialized(), lease: lease)
              }
            })
        }
      }
      if bytes.byteCount <= Self.inlineBytes { run() } else { inference.workers.run(run) }
    }
    methods[Self.path("ModelStreamInfer")] = .stream { bytes, caller, respond, done in
      @Sendable func send(_ response: InferStreamResponse) {
        do throws(KServeError) {
          respond(try GRPCMethods.Response(try response.serialized(), lease: nil))
        } catch {
          inference.logger.error("a response cannot be written", metadata: ["error": "\(error)"])
          // The client is told so in its place.
          var known = response.response
          known?.outputs = []
          let refusal = InferStreamResponse(errorMessage: error.message, response: known)
          if let serialized = try? refusal.serialized(),
            let message = try? GRPCMethods.Response(serialized, lease: nil)
          {
            respond(message)
          }
        }
      }
      do throws(KServeError) {
        let request = try Self.request(bytes, caller, inference)
        inference.stream(
          request, cancellation: caller.cancellation, limit: caller.limit, respond: send, done: done
        )
      } catch {
        send(InferStreamResponse(errorMessage: error.message))
        done()
      }
    }
  }

  /// Reads a request while its client waits, with what that takes of the server's memory.
  private static func request(
    _ bytes: TensorBytes, _ caller: GRPCMethods.Caller, _ inference: InferenceService
  ) throws(KServeError) -> InferRequest {
    if caller.cancellation.isCancelled { throw .requestCancelled }
    let memory = MemoryBudget.Lease(inference.budget)
    defer { withExtendedLifetime(memory) {} }
    return try InferRequest(protobuf: bytes) { (byteCount) throws(KServeError) in
      if caller.cancellation.isCancelled { throw .requestCancelled }
      if byteCount > GRPCRequestReader.countedBytes { try memory.grow(to: byteCount) }
    }
  }

  private func addQuestions(in methods: inout GRPCMethods) {
    let server = server
    let administration = server.administration
    methods.add(
      "Check", of: "grpc.health.v1.Health", Grpc_Health_V1_HealthCheckRequest.self
    ) { (request) throws(KServeError) -> Grpc_Health_V1_HealthCheckResponse in
      guard request.service.isEmpty || request.service == Self.name else {
        throw KServeError(.notFound, "the service '\(request.service)' is not known")
      }
      return .with { $0.status = server.isReady ? .serving : .notServing }
    }
    methods.add("ServerLive", Inference_ServerLiveRequest.self) { _ in
      Inference_ServerLiveResponse.with { $0.live = true }
    }
    methods.add("ServerReady", Inference_ServerReadyRequest.self) { _ in
      Inference_ServerReadyResponse.with { $0.ready = server.isReady }
    }
    methods.add("ModelReady", Inference_ModelReadyRequest.self) {
      (request) throws(KServeError) -> Inference_ModelReadyResponse in
      let isReady = try administration.checkReady(request.name, version: request.version)
      return .with { $0.ready = isReady }
    }
    methods.add("ServerMetadata", Inference_ServerMetadataRequest.self) { _ in
      administration.serverMetadata
    }
    methods.add("ModelMetadata", Inference_ModelMetadataRequest.self) {
      (request) throws(KServeError) -> Inference_ModelMetadataResponse in
      try administration.metadata(of: request.name, version: request.version)
    }
    methods.add("ModelConfig", Inference_ModelConfigRequest.self) {
      (request) throws(KServeError) -> Inference_ModelConfigResponse in
      let configuration = try administration.configuration(
        of: request.name, version: request.version)
      return .with { $0.config = configuration }
    }
    methods.add("ModelStatistics", Inference_ModelStatisticsRequest.self) {
      (request) throws(KServeError) -> Inference_ModelStatisticsResponse in
      try administration.statistics(of: request.name, version: request.version)
    }
  }

  private func addRepository(in methods: inout GRPCMethods) {
    let administration = server.administration
    methods.add("RepositoryIndex", Inference_RepositoryIndexRequest.self) { request in
      administration.index(readyOnly: request.ready)
    }
    methods.add("RepositoryModelLoad", Inference_RepositoryModelLoadRequest.self) {
      (request) throws(KServeError) -> Inference_RepositoryModelLoadResponse in
      try administration.checkControl()
      try await administration.load(
        request.modelName, parameters: request.parameters.keys.sorted())
      return Inference_RepositoryModelLoadResponse()
    }
    methods.add("RepositoryModelUnload", Inference_RepositoryModelUnloadRequest.self) {
      (request) throws(KServeError) -> Inference_RepositoryModelUnloadResponse in
      try administration.checkControl()
      await administration.unload(request.modelName)
      return Inference_RepositoryModelUnloadResponse()
    }
  }

  private func addSharedMemory(in methods: inout GRPCMethods) {
    let sharedMemory = server.sharedMemory
    methods.add("SystemSharedMemoryStatus", Inference_SystemSharedMemoryStatusRequest.self) {
      (request) throws(KServeError) -> Inference_SystemSharedMemoryStatusResponse in
      let entries = try sharedMemory.status(name: request.name)
      return .with { response in
        for (name, object) in entries {
          response.regions[name] = .with {
            $0.name = name
            $0.key = object.key
            $0.offset = UInt64(object.offset)
            $0.byteSize = UInt64(object.byteCount)
          }
        }
      }
    }
    methods.add("SystemSharedMemoryRegister", Inference_SystemSharedMemoryRegisterRequest.self) {
      (request, caller) throws(KServeError) -> Inference_SystemSharedMemoryRegisterResponse in
      try sharedMemory.register(
        name: request.name, key: request.key, offset: Int(clamping: request.offset),
        byteSize: Int(clamping: request.byteSize), client: caller.client)
      return Inference_SystemSharedMemoryRegisterResponse()
    }
    methods.add(
      "SystemSharedMemoryUnregister", Inference_SystemSharedMemoryUnregisterRequest.self
    ) { request in
      sharedMemory.unregister(name: request.name)
      return Inference_SystemSharedMemoryUnregisterResponse()
    }
    methods.add("CudaSharedMemoryStatus", Inference_CudaSharedMemoryStatusRequest.self) {
      (request) throws(KServeError) -> Inference_CudaSharedMemoryStatusResponse in
      if !request.name.isEmpty { throw KServeError.noCUDARegion(request.name) }
      return Inference_CudaSharedMemoryStatusResponse()
    }
    methods.add("CudaSharedMemoryRegister", Inference_CudaSharedMemoryRegisterRequest.self) {
      (_) throws(KServeError) -> Inference_CudaSharedMemoryRegisterResponse in
      throw KServeError.noCUDA
    }
    methods.add("CudaSharedMemoryUnregister", Inference_CudaSharedMemoryUnregisterRequest.self) {
      _ in Inference_CudaSharedMemoryUnregisterResponse()
    }
  }

  private func addSettings(in methods: inout GRPCMethods) {
    let administration = server.administration
    methods.add("TraceSetting", Inference_TraceSettingRequest.self) {
      (request) throws(KServeError) -> Inference_TraceSettingResponse in
      try administration.checkTraced(request.modelName)
      if let name = request.settings.keys.sorted().first {
        throw ServerSettings.refusal("trace", setting: name)
      }
      return .with { response in
        for (name, value) in ServerSettings.trace {
          response.settings[name] = .with { $0.value = value }
        }
      }
    }
    methods.add("LogSettings", Inference_LogSettingsRequest.self) {
      (request) throws(KServeError) -> Inference_LogSettingsResponse in
      if let name = request.settings.keys.sorted().first {
        throw ServerSettings.refusal("log", setting: name)
      }
      return .with { response in
        for (name, value) in ServerSettings.log {
          response.settings[name] = .with {
            switch value {
            case .bool(let value): $0.boolParam = value
            case .integer(let value): $0.uint32Param = UInt32(clamping: value)
            default: $0.stringParam = value.string ?? ""
            }
          }
        }
      }
    }
  }
}
