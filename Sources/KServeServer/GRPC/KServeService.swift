import GRPCCore
import GRPCProtobuf
import KServeProtocol
import SwiftProtobuf
import Synchronization

/// The service `inference.GRPCInferenceService`.
struct KServeService: RegistrableRPCService {
  static let name = "inference.GRPCInferenceService"

  let server: KServeServer

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    registerInference(with: &router)
    registerQuestions(with: &router)
    registerRepository(with: &router)
    registerSharedMemory(with: &router)
    registerSettings(with: &router)
  }

  private func registerInference<Transport: ServerTransport>(
    with router: inout RPCRouter<Transport>
  ) {
    let inference = server.inference
    router.registerUnary(
      Self.name, "ModelInfer", deserializer: InferRequestDeserializer(),
      serializer: InferResponseSerializer()
    ) { (request) throws(KServeError) in
      let cancellation = RequestCancellation()
      return try await withRPCCancellationHandler { () throws(KServeError) in
        try await inference.infer(
          try request.get(), cancellation: cancellation, transport: .grpc)
      } onCancelRPC: {
        cancellation.cancel()
      }
    }
    router.registerHandler(
      forMethod: MethodDescriptor(
        fullyQualifiedService: Self.name, method: "ModelStreamInfer",
        type: .bidirectionalStreaming),
      deserializer: InferRequestDeserializer(), serializer: InferStreamResponseSerializer()
    ) { requests, _ in
      StreamingServerResponse { writer in
        try await InferenceStream(inference: inference).run(requests.messages) {
          try await writer.write($0)
        }
        return [:]
      }
    }
  }

  private func registerQuestions<Transport: ServerTransport>(
    with router: inout RPCRouter<Transport>
  ) {
    let server = server
    let administration = server.administration
    router.registerUnary(
      Self.name, "ServerLive", Inference_ServerLiveRequest.self,
      Inference_ServerLiveResponse.self
    ) { _ in .with { $0.live = true } }
    router.registerUnary(
      Self.name, "ServerReady", Inference_ServerReadyRequest.self,
      Inference_ServerReadyResponse.self
    ) { _ in .with { $0.ready = server.isReady } }
    router.registerUnary(
      Self.name, "ModelReady", Inference_ModelReadyRequest.self,
      Inference_ModelReadyResponse.self
    ) { request in
      .with { $0.ready = administration.isReady(request.name, version: request.version) }
    }
    router.registerUnary(
      Self.name, "ServerMetadata", Inference_ServerMetadataRequest.self,
      Inference_ServerMetadataResponse.self
    ) { _ in administration.serverMetadata }
    router.registerUnary(
      Self.name, "ModelMetadata", Inference_ModelMetadataRequest.self,
      Inference_ModelMetadataResponse.self
    ) { (request) throws(KServeError) in
      try administration.metadata(of: request.name, version: request.version)
    }
    router.registerUnary(
      Self.name, "ModelConfig", Inference_ModelConfigRequest.self,
      Inference_ModelConfigResponse.self
    ) { (request) throws(KServeError) in
      let configuration = try administration.configuration(
        of: request.name, version: request.version)
      return .with { $0.config = configuration }
    }
    router.registerUnary(
      Self.name, "ModelStatistics", Inference_ModelStatisticsRequest.self,
      Inference_ModelStatisticsResponse.self
    ) { (request) throws(KServeError) in
      try administration.statistics(of: request.name, version: request.version)
    }
  }

  private func registerRepository<Transport: ServerTransport>(
    with router: inout RPCRouter<Transport>
  ) {
    let administration = server.administration
    router.registerUnary(
      Self.name, "RepositoryIndex", Inference_RepositoryIndexRequest.self,
      Inference_RepositoryIndexResponse.self
    ) { request in administration.index(readyOnly: request.ready) }
    router.registerUnary(
      Self.name, "RepositoryModelLoad", Inference_RepositoryModelLoadRequest.self,
      Inference_RepositoryModelLoadResponse.self
    ) { (request) throws(KServeError) in
      try await administration.load(
        request.modelName, parameters: request.parameters.keys.sorted())
      return Inference_RepositoryModelLoadResponse()
    }
    router.registerUnary(
      Self.name, "RepositoryModelUnload", Inference_RepositoryModelUnloadRequest.self,
      Inference_RepositoryModelUnloadResponse.self
    ) { (request) throws(KServeError) in
      try await administration.unload(request.modelName)
      return Inference_RepositoryModelUnloadResponse()
    }
  }

  private func registerSharedMemory<Transport: ServerTransport>(
    with router: inout RPCRouter<Transport>
  ) {
    let sharedMemory = server.sharedMemory
    router.registerUnary(
      Self.name, "SystemSharedMemoryStatus", Inference_SystemSharedMemoryStatusRequest.self,
      Inference_SystemSharedMemoryStatusResponse.self
    ) { (request) throws(KServeError) in
      let entries = try sharedMemory.status(name: request.name)
      return .with { response in
        for entry in entries {
          response.regions[entry.name] = .with {
            $0.name = entry.name
            $0.key = entry.key
            $0.offset = UInt64(entry.offset)
            $0.byteSize = UInt64(entry.region.byteCount)
          }
        }
      }
    }
    router.registerUnary(
      Self.name, "SystemSharedMemoryRegister", Inference_SystemSharedMemoryRegisterRequest.self,
      Inference_SystemSharedMemoryRegisterResponse.self
    ) { (request) throws(KServeError) in
      try sharedMemory.register(
        name: request.name, key: request.key, offset: Int(clamping: request.offset),
        byteSize: Int(clamping: request.byteSize))
      return Inference_SystemSharedMemoryRegisterResponse()
    }
    router.registerUnary(
      Self.name, "SystemSharedMemoryUnregister",
      Inference_SystemSharedMemoryUnregisterRequest.self,
      Inference_SystemSharedMemoryUnregisterResponse.self
    ) { request in
      sharedMemory.unregister(name: request.name)
      return Inference_SystemSharedMemoryUnregisterResponse()
    }
    router.registerUnary(
      Self.name, "CudaSharedMemoryStatus", Inference_CudaSharedMemoryStatusRequest.self,
      Inference_CudaSharedMemoryStatusResponse.self
    ) { _ in Inference_CudaSharedMemoryStatusResponse() }
    router.registerUnary(
      Self.name, "CudaSharedMemoryRegister", Inference_CudaSharedMemoryRegisterRequest.self,
      Inference_CudaSharedMemoryRegisterResponse.self
    ) { (_) throws(KServeError) in throw KServeError.noCUDA }
    router.registerUnary(
      Self.name, "CudaSharedMemoryUnregister", Inference_CudaSharedMemoryUnregisterRequest.self,
      Inference_CudaSharedMemoryUnregisterResponse.self
    ) { _ in Inference_CudaSharedMemoryUnregisterResponse() }
  }

  private func registerSettings<Transport: ServerTransport>(
    with router: inout RPCRouter<Transport>
  ) {
    router.registerUnary(
      Self.name, "TraceSetting", Inference_TraceSettingRequest.self,
      Inference_TraceSettingResponse.self
    ) { (request) throws(KServeError) in
      if let name = request.settings.keys.sorted().first {
        throw ServerSettings.refusal("trace", setting: name)
      }
      return .with { response in
        for (name, value) in ServerSettings.trace {
          response.settings[name] = .with { $0.value = value }
        }
      }
    }
    router.registerUnary(
      Self.name, "LogSettings", Inference_LogSettingsRequest.self,
      Inference_LogSettingsResponse.self
    ) { (request) throws(KServeError) in
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
